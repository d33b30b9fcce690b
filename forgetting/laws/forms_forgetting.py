"""Laws of forgetting: the pretraining loss after fine-tuning."""

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
  floor,
  times,
)


def shape(v, q):
  """D^beta / N^alpha, centred: what every forgetting law starts from."""
  return np.exp(q.beta * v.lnD - q.alpha * v.lnN)


def forgetting_terms(v, q):
  """Terms of arXiv 2502.06042's law, with its nested choices.

  The published form is L0 + A D^beta / ((1 + B p) N)^alpha. Freed, `kappa`
  multiplies that by (T/N)^kappa, `mu` and `nu` make B into B N^mu D^nu, `G`
  subtracts a gain G p and `E` adds a constant.
  """
  strength = q.B * np.exp(q.mu * v.lnN + q.nu * v.lnD)
  injected = np.log1p(strength * v.p)
  size = q.beta * v.lnD - q.alpha * (injected + v.lnN)
  trained = q.kappa * (v.lnT - v.lnN)
  return {"A": np.exp(size + trained), "E": 1.0, "G": -v.p}


register(
  Law(
    name="forgetting",
    equation="L0 + A D^beta / ((1 + B p) N)^alpha + E",
    latex=r"L_0 + A D^\beta / ((1 + B p) N)^\alpha + E",
    source="arXiv 2502.06042; E, G, kappa, mu, nu are nested choices",
    loss=AFTER_LOSS,
    variables={
      "N": MODEL_PARAMS,
      "D": TARGET_TOKENS,
      "p": INJECTION,
      "L0": BASE_LOSS,
      "T": Variable(
        ("pretrain_tokens",),
        unit="pretraining tokens",
        needed_by=("kappa",),
        share="N",
      ),
    },
    parameters=(
      Parameter("A", "amplitude", units={"N": "alpha", "D": "-beta"}),
      exponent_of("alpha", ("N",)),
      exponent_of("beta", ("D",), search=(0.02, 2.0)),
      replace(INJECTION_B, units={"N": "-mu", "D": "-nu"}),
      floor(default=0.0, low=-np.inf),
      Parameter("G", "gain of the old domain, nats at p = 1", default=0.0),
      Parameter(
        "kappa",
        "power of pretraining tokens a parameter",
        -3.0,
        3.0,
        (-1.0, 1.0),
        default=0.0,
        axes=("T",),
      ),
      Parameter("mu", "power of N in B", -3.0, 3.0, (-1.0, 1.0), default=0.0),
      Parameter("nu", "power of D in B", -3.0, 3.0, (-1.0, 1.0), default=0.0),
    ),
    terms=forgetting_terms,
    offset="L0",
    rows="finetunings",
    clusters=CELL,
    nested=("E",),
    family="forgetting",
    variants=((), ("E",), ("G",), ("mu", "nu")),
    advisable=((), ("E",), ("G",)),
    words={
      "A": lambda q: "sets the height: how foreign the domain is",
      "alpha": lambda q: (
        f"a model ten times larger forgets {times(10 ** -q['alpha'])} as much"
      ),
      "beta": lambda q: (
        f"ten times more target tokens: {times(10 ** q['beta'])} the forgetting"
      ),
      "B": lambda q: (
        f"injecting 1 % acts like a model {times(1 + 0.01 * q['B'])} as large"
      ),
      "E": lambda q: "a constant that neither size nor data moves",
    },
  )
)

register(
  Law(
    name="forgetting_log",
    equation="L0 + D^beta / N^alpha (A - C log(1 + B p)) + E",
    latex=r"L_0 + D^\beta N^{-\alpha} (A - C \log(1 + B p)) + E",
    source="this project: forgetting may be negative",
    loss=AFTER_LOSS,
    variables={
      "N": MODEL_PARAMS,
      "D": TARGET_TOKENS,
      "p": INJECTION,
      "L0": BASE_LOSS,
    },
    parameters=(
      Parameter("A", "amplitude", units={"N": "alpha", "D": "-beta"}),
      Parameter("C", "amplitude", units={"N": "alpha", "D": "-beta"}),
      exponent_of("alpha", ("N",)),
      exponent_of("beta", ("D",), search=(0.02, 2.0)),
      INJECTION_B,
      floor(default=0.0, low=-np.inf),
    ),
    terms=lambda v, q: {
      "A": shape(v, q),
      "C": -shape(v, q) * np.log1p(q.B * v.p),
      "E": 1.0,
    },
    offset="L0",
    rows="finetunings",
    clusters=CELL,
    family="forgetting",
    advisable=((),),
  )
)

register(
  Law(
    name="forgetting_power",
    equation="L0 + A D^beta / N^alpha / (1 + B p)^c + E",
    latex=r"L_0 + A D^\beta N^{-\alpha} (1 + B p)^{-c} + E",
    source="this project: injection has an exponent of its own",
    loss=AFTER_LOSS,
    variables={
      "N": MODEL_PARAMS,
      "D": TARGET_TOKENS,
      "p": Variable(("injection",), "fraction", "fraction of tokens"),
      "L0": BASE_LOSS,
    },
    parameters=(
      Parameter("A", "amplitude", units={"N": "alpha", "D": "-beta"}),
      exponent_of("alpha", ("N",)),
      exponent_of("beta", ("D",), search=(0.02, 2.0)),
      INJECTION_B,
      exponent_of("c", ("p",)),
      floor(default=0.0, low=-np.inf),
    ),
    terms=lambda v, q: {
      "A": shape(v, q) * np.exp(-q.c * np.log1p(q.B * v.p)),
      "E": 1.0,
    },
    offset="L0",
    rows="finetunings",
    clusters=CELL,
    family="forgetting",
    advisable=((),),
  )
)

register(
  Law(
    name="replay",
    equation="L0 + A / (1 + B p)^alpha + E",
    latex=r"L_0 + A (1 + B p)^{-\alpha} + E",
    source="`forgetting` at one size and one amount of data",
    loss=AFTER_LOSS,
    variables={"p": INJECTION, "L0": BASE_LOSS},
    parameters=(
      Parameter("A", "forgetting without injection, nats"),
      INJECTION_B,
      exponent_of("alpha", ("p",), low=1e-2),
      floor(default=0.0, low=-np.inf),
    ),
    terms=lambda v, q: {
      "A": np.exp(-q.alpha * np.log1p(q.B * v.p)),
      "E": 1.0,
    },
    offset="L0",
    rows="finetunings",
    family="replay",
    variants=((), ("E",)),
  )
)

register(
  Law(
    name="replay_log",
    equation="L0 + A - C log(1 + B p)",
    latex=r"L_0 + A - C \log(1 + B p)",
    source="`forgetting_log` at one size and one amount of data",
    loss=AFTER_LOSS,
    variables={"p": INJECTION, "L0": BASE_LOSS},
    parameters=(
      Parameter("A", "forgetting without injection, nats"),
      Parameter("C", "amplitude"),
      INJECTION_B,
    ),
    terms=lambda v, q: {"A": 1.0, "C": -np.log1p(q.B * v.p)},
    offset="L0",
    rows="finetunings",
    family="replay",
  )
)
