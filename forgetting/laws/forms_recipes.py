"""The law that counts tokens, by learning rate and rank, at one target loss.

Where all runs are read at the same target loss, T is an outcome of the recipe
and no choice; the learning rate and the rank of adapters are choices:

    F = A S^lam r^rho / (1 + B R)^c,    R = p T

S is the peak learning rate over the usual one. lam and rho are 0 unless they
are freed: nested choices, which runs that were left out must justify.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forgetting.laws.forms_tokens import (
  AT_BEST,
  AT_BEST_TOKENS,
  WORDS,
  power_of,
)
from forgetting.laws.law import Parameter, Variable, register
from forgetting.laws.vocabulary import BASE_LOSS, INJECTION, times

RATE = Variable(
  ("relative_lr",),
  unit="peak learning rate, over the usual",
  needed_by=("lam",),
)
RANK = Variable(("rank",), unit="rank of adapters", needed_by=("rho",))


def terms(v, q):
  """S^lam r^rho (1 + B p T)^-c, centred."""
  recipe = q.lam * v.lnS + q.rho * v.lnr
  return {"A": np.exp(recipe - q.c * np.log1p(q.B * v.p * v.T))}


RECIPES = replace(
  AT_BEST_TOKENS,
  name="recipes",
  equation="L0 + A S^lam r^rho / (1 + B R)^c, R = p T",
  latex=r"L_0 + A S^\lambda r^\rho (1 + B R)^{-c},\; R = p T",
  source="this project: the law that counts tokens, at one target loss",
  variables={
    "T": AT_BEST,
    "S": RATE,
    "r": RANK,
    "p": INJECTION,
    "L0": BASE_LOSS,
  },
  parameters=(
    Parameter("A", "amplitude", units={"S": "-lam", "r": "-rho"}),
    AT_BEST_TOKENS["B"],
    AT_BEST_TOKENS["c"],
    power_of("lam", "S", "power of the learning rate"),
    power_of("rho", "r", "power of the rank"),
  ),
  terms=terms,
  clusters=("run",),
  nested=("lam", "rho"),
  family="",
  variants=((),),
  advisable=(),
  trained="",
  words={name: WORDS[name] for name in ("A", "B", "c")}
  | {
    "lam": lambda q: (
      f"ten times the learning rate: {times(10 ** q['lam'])} the forgetting"
    ),
    "rho": lambda q: (
      f"ten times the rank: {times(10 ** q['rho'])} the forgetting"
    ),
  },
)

register(RECIPES)
