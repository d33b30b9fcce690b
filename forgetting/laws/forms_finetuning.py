"""Laws of the target loss after fine-tuning."""

import numpy as np

from forgetting.laws.law import Law, Parameter, Variable, register
from forgetting.laws.vocabulary import (
  CELL,
  MODEL_PARAMS,
  TARGET_LOSS,
  TARGET_TOKENS,
  exponent_of,
  floor,
  times,
)

register(
  Law(
    name="target",
    equation="A / (N^alpha D^beta) + E + C p",
    latex=r"A N^{-\alpha} D^{-\beta} + E + C p",
    source="arXiv 2502.06042 (C = 0: independent of p)",
    loss=TARGET_LOSS,
    variables={
      "N": MODEL_PARAMS,
      "D": TARGET_TOKENS,
      "p": Variable(
        ("injection",),
        "fraction",
        "fraction of tokens",
        levels=2,
        needed_by=("C",),
      ),
    },
    parameters=(
      Parameter("A", "amplitude", units={"N": "alpha", "D": "beta"}),
      exponent_of("alpha", ("N",)),
      exponent_of("beta", ("D",)),
      floor(),
      Parameter(
        "C", "effect of injection, nats at p = 1", -np.inf, default=0.0
      ),
    ),
    terms=lambda v, q: {
      "A": np.exp(-q.alpha * v.lnN - q.beta * v.lnD),
      "E": 1.0,
      "C": v.p,
    },
    rows="finetunings",
    clusters=CELL,
    family="target",
    variants=((), ("C",)),
    words={
      "A": lambda q: "sets the height: how hard the domain is",
      "alpha": lambda q: (
        "a model ten times larger: what is above E shrinks to "
        f"{times(10 ** -q['alpha'])}"
      ),
      "beta": lambda q: (
        "ten times more target tokens: what is above E shrinks to "
        f"{times(10 ** -q['beta'])}"
      ),
      "E": lambda q: "the loss that remains with endless size and data",
    },
  )
)

register(
  Law(
    name="rectified",
    equation="B / (D_l + D^beta) + E",
    latex=r"B / (D_l + D^\beta) + E",
    source="arXiv 2402.02314",
    loss=TARGET_LOSS,
    variables={
      "D": Variable(("target_tokens", "examples"), unit="tokens or examples")
    },
    parameters=(
      Parameter("B", "amplitude", units={"D": "beta"}),
      Parameter(
        "D_l",
        "pre-learned data, D^beta",
        1e-12,
        1e12,
        (1e-4, 1e4),
        "log",
        units={"D": "beta"},
        axes=("D",),
      ),
      exponent_of("beta", ("D",)),
      floor(),
    ),
    terms=lambda v, q: {"B": 1 / (q.D_l + np.exp(q.beta * v.lnD)), "E": 1.0},
    rows="finetunings",
    clusters=("domain", "target_tokens"),
  )
)

X_COLUMNS = ("pretrain_tokens", "adapter_params", "model_params")

register(
  Law(
    name="zhang",
    equation="A / (X^alpha D^beta) + E",
    latex=r"A X^{-\alpha} D^{-\beta} + E",
    source="arXiv 2402.17193; X: pretraining tokens, adapter or model size",
    loss=TARGET_LOSS,
    variables={
      "X": Variable(
        X_COLUMNS,
        unit="tokens or parameters",
      ),
      "D": TARGET_TOKENS,
    },
    parameters=(
      Parameter("A", "amplitude", units={"X": "alpha", "D": "beta"}),
      exponent_of("alpha", ("X",)),
      exponent_of("beta", ("D",)),
      floor(),
    ),
    terms=lambda v, q: {
      "A": np.exp(-q.alpha * v.lnX - q.beta * v.lnD),
      "E": 1.0,
    },
    rows="finetunings",
    clusters=("domain", *X_COLUMNS, "target_tokens"),
    family="target",
  )
)
