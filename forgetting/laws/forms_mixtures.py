"""Laws of continual pretraining on a mixture: the ratio as a variable."""

import numpy as np

from forgetting.laws.law import Law, Parameter, Variable, register
from forgetting.laws.vocabulary import (
  ANY_LOSS,
  MODEL_PARAMS,
  TOKENS,
  exponent_of,
  floor,
)


def mixed_terms(v, q):
  """Terms of the D-CPT law, arXiv 2406.01375; r is the domain's share."""
  ratio = np.log(np.maximum(v.r, 1e-12))
  return {
    "E": 1.0,
    "A": np.exp(-q.alpha * v.lnN),
    "B": np.exp(q.eta * ratio - q.beta * v.lnD),
    "C": np.exp(-q.gamma * np.log(v.r + q.eps)),
  }


def falls_with_ratio(v, q):
  """-dL/dr on every row [rows]: the paper's law is one of the domain loss.

  At r = 0 the slope is that of 1 %: r^eta has none there for eta < 1.
  """
  ratio = np.maximum(v.r, 0.01)
  rise = q.B * q.eta * np.exp((q.eta - 1) * np.log(ratio) - q.beta * v.lnD)
  fall = np.exp((-q.gamma - 1) * np.log(ratio + q.eps)) * q.gamma * q.C
  return fall - rise


register(
  Law(
    name="dcpt",
    equation="E + A / N^alpha + B r^eta / D^beta + C / (r + eps)^gamma",
    latex=r"E + A N^{-\alpha} + B r^\eta D^{-\beta} + C (r+\epsilon)^{-\gamma}",
    source="arXiv 2406.01375",
    loss=ANY_LOSS,
    variables={
      "N": MODEL_PARAMS,
      "D": TOKENS,
      "r": Variable(("domain_ratio",), "fraction", "fraction of domain data"),
    },
    parameters=(
      floor(),
      Parameter("A", "amplitude", units={"N": "alpha"}),
      Parameter("B", "amplitude", units={"D": "beta"}),
      Parameter("C", "amplitude"),
      exponent_of("alpha", ("N",), search=(0.05, 1.0)),
      exponent_of("beta", ("D",), search=(0.05, 1.0)),
      exponent_of("eta", ("r",), search=(0.05, 2.0)),
      exponent_of("gamma", ("r",), search=(0.05, 2.0)),
      Parameter(
        "eps", "offset of r", 1e-4, 3.0, (0.01, 1.0), "log", axes=("r",)
      ),
    ),
    terms=mixed_terms,
    checks={"the loss falls with the domain ratio": falls_with_ratio},
  )
)

register(
  Law(
    name="cmr",
    equation="a R^s + b",
    latex=r"a R^s + b",
    source="arXiv 2407.17467",
    loss=Variable(("domain_loss", "loss"), "loss", "nats per token"),
    variables={
      "R": Variable(("domain_ratio",), "fraction", "fraction of domain data")
    },
    parameters=(
      Parameter("a", "amplitude", -np.inf),
      Parameter("s", "power of R", -5.0, 5.0, (-3.0, 3.0), axes=("R",)),
      Parameter("b", "constant term, nats", -np.inf),
    ),
    terms=lambda v, q: {"a": np.exp(q.s * np.log(v.R)), "b": 1.0},
  )
)
