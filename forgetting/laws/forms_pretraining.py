"""Laws of the pretraining loss, with and without repeated data."""

import numpy as np

from forgetting.laws.law import Law, Parameter, Variable, register
from forgetting.laws.vocabulary import (
  ANY_LOSS,
  MODEL_PARAMS,
  TOKENS,
  exponent_of,
  floor,
)

register(
  Law(
    name="chinchilla",
    equation="E + A / N^alpha + B / D^beta",
    latex=r"E + A N^{-\alpha} + B D^{-\beta}",
    source="arXiv 2203.15556",
    loss=ANY_LOSS,
    variables={"N": MODEL_PARAMS, "D": TOKENS},
    parameters=(
      floor(),
      Parameter("A", "amplitude", units={"N": "alpha"}),
      Parameter("B", "amplitude", units={"D": "beta"}),
      exponent_of("alpha", ("N",), search=(0.02, 1.2)),
      exponent_of("beta", ("D",), search=(0.02, 1.2)),
    ),
    terms=lambda v, q: {
      "E": 1.0,
      "A": np.exp(-q.alpha * v.lnN),
      "B": np.exp(-q.beta * v.lnD),
    },
    rows="pretrainings",
    family="chinchilla",
  )
)


def kaplan_natural(q, s):
  """Natural units of Kaplan's law, whose Nc and Dc mix with the loss's."""
  unit = s["L"] ** (1 / q["aD"])
  return {
    "Nc": (q["Nc"] * unit) ** (q["aD"] / q["aN"]) * s["N"],
    "Dc": q["Dc"] * unit * s["D"],
    "aN": q["aN"],
    "aD": q["aD"],
  }


def kaplan_internal(q, s):
  """Centred units of Kaplan's law: the inverse of `kaplan_natural`."""
  unit = s["L"] ** (1 / q["aD"])
  return {
    "Nc": (q["Nc"] / s["N"]) ** (q["aN"] / q["aD"]) / unit,
    "Dc": q["Dc"] / unit / s["D"],
    "aN": q["aN"],
    "aD": q["aD"],
  }


register(
  Law(
    name="kaplan",
    equation="((Nc/N)^(aN/aD) + Dc/D)^aD",
    latex=r"((N_c/N)^{\alpha_N/\alpha_D} + D_c/D)^{\alpha_D}",
    source="arXiv 2001.08361",
    loss=ANY_LOSS,
    variables={"N": MODEL_PARAMS, "D": TOKENS},
    parameters=(
      Parameter("Nc", "critical size"),
      Parameter("Dc", "critical data"),
      exponent_of("aN", ("N",), search=(0.03, 0.6)),
      exponent_of("aD", ("D",), search=(0.03, 0.6)),
    ),
    terms=lambda v, q: {
      "Nc": np.exp(-(q.aN / q.aD) * v.lnN),
      "Dc": np.exp(-v.lnD),
    },
    outer="aD",
    rows="pretrainings",
    family="chinchilla",
    natural=kaplan_natural,
    internal=kaplan_internal,
  )
)


def repeated_terms(v, q):
  """Terms of arXiv 2305.16264: N' and D' are useful sizes, repeats decay.

  A is (beta/alpha) B G^(alpha+beta), G being that of the optimal split.
  """
  optimal = np.exp((q.beta / q.alpha) * (v.lnU + np.log(q.G))) * q.G
  useful = np.minimum(v.N, optimal)
  excess = np.maximum(v.N / useful - 1.0, 0.0)
  size = useful * (1.0 - q.R_N * np.expm1(-excess / q.R_N))
  epochs = np.maximum(v.D / v.U - 1.0, 0.0)
  data = v.U * (1.0 - q.R_D * np.expm1(-epochs / q.R_D))
  ratio = (q.beta / q.alpha) * np.exp((q.alpha + q.beta) * np.log(q.G))
  by_size = ratio * np.exp(-q.alpha * np.log(size))
  return {"E": 1.0, "B": by_size + np.exp(-q.beta * np.log(data))}


def repeated_natural(q, s):
  """Natural units of the data-constrained law: A and B from G and B."""
  ratio = q["beta"] / q["alpha"] * q["G"] ** (q["alpha"] + q["beta"])
  return {
    "E": q["E"] * s["L"],
    "A": ratio * q["B"] * s["L"] * s["N"] ** q["alpha"],
    "B": q["B"] * s["L"] * s["D"] ** q["beta"],
    **{name: q[name] for name in ("alpha", "beta", "R_D", "R_N")},
  }


def repeated_internal(q, s):
  """Centred units: the inverse of `repeated_natural`."""
  size = q["A"] / s["L"] / s["N"] ** q["alpha"]
  data = q["B"] / s["L"] / s["D"] ** q["beta"]
  ratio = q["alpha"] * size / (q["beta"] * data)
  return {
    "E": q["E"] / s["L"],
    "B": data,
    "G": ratio ** (1 / (q["alpha"] + q["beta"])),
    **{name: q[name] for name in ("alpha", "beta", "R_D", "R_N")},
  }


register(
  Law(
    name="data_constrained",
    equation="E + A / N'^alpha + B / D'^beta, N' and D' with decaying repeats",
    latex=r"E + A N'^{-\alpha} + B D'^{-\beta}",
    source="arXiv 2305.16264",
    loss=ANY_LOSS,
    variables={
      "N": MODEL_PARAMS,
      "D": TOKENS,
      "U": Variable(("unique_tokens",), unit="unique tokens", share="D"),
    },
    parameters=(
      floor(),
      Parameter("B", "amplitude"),
      exponent_of("alpha", ("N",), search=(0.1, 0.8)),
      exponent_of("beta", ("D",), search=(0.1, 0.8)),
      Parameter(
        "R_D", "epochs until repeats decay", 1e-3, 1e12, (1.0, 300.0), "log"
      ),
      Parameter(
        "R_N", "the same for parameters", 1e-3, 1e12, (0.5, 300.0), "log"
      ),
      Parameter("G", "optimal split", 1e-4, 1e4, (0.05, 20.0), "log"),
    ),
    terms=repeated_terms,
    rows="pretrainings",
    family="chinchilla",
    natural=repeated_natural,
    internal=repeated_internal,
  )
)
