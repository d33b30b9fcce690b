"""When the target loss of a fine-tuning turns: the bottom of its U-curve.

    T (1 - p) = C D^delta / N^nu

T are the tokens trained on until the bottom, of which p are injected: the
target text that was read until there depends on how much there is, D, and on
the size of the model. With delta = 1 the number of passes, T (1 - p) / D, does
not depend on D.
"""

from dataclasses import replace

import numpy as np

from forgetting.laws.law import Law, Parameter, Variable, register
from forgetting.laws.schedule import MOST
from forgetting.laws.vocabulary import (
  CELL,
  INJECTION,
  MODEL_PARAMS,
  TARGET_TOKENS,
  times,
)


def bottom_terms(v, q):
  """D^delta / (N^nu (1 - p)), centred."""
  share = 1 - np.minimum(v.p, MOST)
  return {"C": np.exp(q.delta * v.lnD - q.nu * v.lnN) / share}


BOTTOM = register(
  Law(
    name="bottom",
    equation="C D^delta / (N^nu (1 - p))",
    latex=r"C D^\delta N^{-\nu} / (1 - p)",
    source="this project",
    symbol="T",
    predicts="tokens",
    # a bottom is read off a flat curve: its log scatters by a tenth and more,
    # where a loss does by a hundredth
    objective="squares",
    loss=Variable(("best_tokens",), "loss", "tokens trained on at best"),
    variables={
      "N": replace(MODEL_PARAMS, levels=2),
      "D": replace(TARGET_TOKENS, levels=2),
      "p": replace(INJECTION, levels=1),
    },
    parameters=(
      Parameter("C", "amplitude", units={"N": "nu", "D": "-delta"}),
      Parameter("delta", "power of D", -1.0, 4.0, (0.3, 1.5), axes=("D",)),
      Parameter("nu", "power of N", -2.0, 3.0, (-0.2, 0.8), axes=("N",)),
    ),
    terms=bottom_terms,
    rows="turned",
    clusters=CELL,
    words={
      "delta": lambda q: (
        f"ten times more target text: {times(10 ** q['delta'])} the tokens, "
        f"{times(10 ** (q['delta'] - 1))} the passes"
      ),
      "nu": lambda q: (
        f"a model ten times larger turns after {times(10 ** -q['nu'])} as many"
      ),
    },
  )
)
