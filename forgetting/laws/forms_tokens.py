"""Laws of forgetting that count tokens: trained on, and injected.

With B = b D / N the published (1 + B p) N becomes N + b p D: what protects is
not the fraction p but the number of injected tokens. And what does the damage
are the T tokens trained on until the loss is read, not the D unique ones:

    F = A T^beta / (N^alpha (1 + B R)^c),    R = p T

T is what the run was planned to train on, what it had trained on at best, or,
along a run's curve, what it has trained on so far.
"""

from dataclasses import replace

import numpy as np

from forgetting.laws.law import Law, Parameter, Variable, register
from forgetting.laws.vocabulary import (
  AFTER_LOSS,
  BASE_LOSS,
  CELL,
  INJECTION,
  INJECTION_B,
  MODEL_PARAMS,
  TARGET_TOKENS,
  exponent_of,
  times,
)

SOURCE = "this project: the published law with B = b D / N, counted in tokens"
PLANNED = Variable(("planned_tokens",), unit="tokens of the run's batches")
AT_BEST = Variable(("best_tokens",), unit="tokens trained on at best")
SO_FAR = Variable(("trained_tokens",), unit="tokens trained on so far")
MEAN_RATE = Variable(
  ("mean_lr",), unit="mean learning rate so far", needed_by=("lam",)
)


def token_terms(v, q):
  """T^beta / (N^alpha (1 + B p T)^c), centred, with its nested choices.

  Freed, `delta` multiplies it by D^delta.
  """
  injected = np.log1p(q.B * v.p * v.T)
  size = q.beta * v.lnT - q.alpha * v.lnN + q.delta * v.lnD
  return {"A": np.exp(size - q.c * injected)}


def curve_terms(v, q):
  """The same along a run's curve; freed, `lam` is a power of the mean rate."""
  rate = q.lam * v.lnS
  return {"A": token_terms(v, q)["A"] * np.exp(rate)}


def power_of(name: str, symbol: str, meaning: str) -> Parameter:
  """An optional power of either sign, 0 unless it is freed."""
  return Parameter(
    name, meaning, -3.0, 3.0, (-0.5, 0.5), default=0.0, axes=(symbol,)
  )


WORDS = {
  "A": lambda q: "sets the height: how foreign the domain is",
  "beta": lambda q: (
    f"ten times more tokens trained: {times(10 ** q['beta'])} the forgetting"
  ),
  "B": lambda q: (
    f"injected tokens count from about {1 / q['B']:,.3g} of them on"
  ),
  "c": lambda q: (
    f"far beyond that, ten times more injected tokens: "
    f"{times(10 ** -q['c'])} the forgetting"
  ),
  "alpha": lambda q: (
    f"a model ten times larger forgets {times(10 ** -q['alpha'])} as much"
  ),
}

TOKENS = Law(
  name="tokens",
  equation="L0 + A T^beta / (N^alpha (1 + B R)^c), R = p T",
  latex=r"L_0 + A T^\beta N^{-\alpha} (1 + B R)^{-c},\; R = p T",
  source=SOURCE,
  loss=AFTER_LOSS,
  variables={
    "N": MODEL_PARAMS,
    "D": TARGET_TOKENS,
    "T": PLANNED,
    "p": INJECTION,
    "L0": BASE_LOSS,
  },
  parameters=(
    Parameter(
      "A", "amplitude", units={"N": "alpha", "T": "-beta", "D": "-delta"}
    ),
    exponent_of("beta", ("T",), search=(0.02, 1.0), low=-1.0, high=3.0),
    replace(
      INJECTION_B,
      meaning="effect of an injected token: they count from about 1/B on",
      units={"T": -1},
    ),
    exponent_of("c", ("p",)),
    power_of("alpha", "N", "power of N"),
    power_of("delta", "D", "power of D beside T"),
  ),
  terms=token_terms,
  offset="L0",
  rows="finetunings",
  clusters=CELL,
  nested=("alpha", "delta"),
  family="forgetting",
  variants=((), ("alpha",), ("delta",)),
  advisable=((), ("alpha",)),
  words=WORDS,
  trained="planned",
)

AT_BEST_TOKENS = replace(
  TOKENS,
  name="tokens_best",
  variables={**TOKENS.variables, "T": AT_BEST},
  trained="best",
)

CURVES = replace(
  TOKENS,
  name="curves",
  variables={**TOKENS.variables, "T": SO_FAR, "S": MEAN_RATE},
  parameters=(
    replace(TOKENS["A"], units={**TOKENS["A"].units, "S": "-lam"}),
    *TOKENS.parameters[1:],
    power_of("lam", "S", "power of the mean learning rate so far"),
  ),
  terms=curve_terms,
  rows="evaluations",
  clusters=("run",),
  nested=("alpha", "lam"),
  family="curves",
  variants=((), ("alpha",), ("lam",)),
  advisable=(),
  trained="best",
)

for law in (TOKENS, AT_BEST_TOKENS, CURVES):
  register(law)
