"""Planted parameters come back, for every law, under noise."""

import itertools

import numpy as np
import pandas as pd
import pytest

from forgetting import laws
from forgetting.laws.choices import Choices
from forgetting.laws.forms import find
from forgetting.laws.prepare import centred, share_scales, slots_of
from forgetting.laws.problem import Problem, predict

SIZES = (1e7, 3e7, 1e8, 3e8, 1e9)
TOKENS = (1e8, 1e9, 1e10, 1e11)
TARGET = (1e5, 3e5, 1e6, 1e7)
INJECTION = (0.0, 0.001, 0.01, 0.05)
TRAINED = (1e5, 1e6, 1e7, 1e8)
RATIOS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)

# law -> axes, truth, freed parameters, relative tolerance by parameter
CASES = {
  "forgetting": (
    {"N": SIZES, "D": TARGET, "p": INJECTION},
    {"A": 60.0, "B": 900.0, "alpha": 0.6, "beta": 0.4, "E": -0.02},
    ("E",),
    {"alpha": 0.1, "beta": 0.1, "B": 0.3},
  ),
  "forgetting_log": (
    {"N": SIZES, "D": TARGET, "p": INJECTION},
    {"A": 60.0, "C": 9.0, "B": 900.0, "alpha": 0.6, "beta": 0.4},
    (),
    {"alpha": 0.1, "beta": 0.1, "B": 0.4},
  ),
  "forgetting_power": (
    {"N": SIZES, "D": TARGET, "p": INJECTION},
    {"A": 60.0, "B": 900.0, "c": 0.9, "alpha": 0.6, "beta": 0.4},
    (),
    {"alpha": 0.1, "beta": 0.1, "c": 0.2},
  ),
  "tokens": (
    {"N": SIZES[:3], "D": TARGET[:2], "T": TRAINED, "p": INJECTION},
    {"A": 0.02, "B": 3e-4, "beta": 0.25, "c": 0.4, "alpha": 0.05},
    ("alpha",),
    {"beta": 0.1, "c": 0.2, "B": 0.4},
  ),
  "tokens_best": (
    {"N": SIZES[:3], "D": TARGET[:2], "T": TRAINED, "p": INJECTION},
    {"A": 0.02, "B": 3e-4, "beta": 0.25, "c": 0.4},
    (),
    {"beta": 0.1, "c": 0.2, "B": 0.4},
  ),
  "curves": (
    {
      "N": SIZES[:2],
      "D": TARGET[:2],
      "T": TRAINED,
      "p": INJECTION,
      "S": (1e-4, 3e-4, 1e-3),
    },
    {"A": 0.1, "B": 3e-4, "beta": 0.25, "c": 0.4, "lam": 0.2},
    ("lam",),
    {"beta": 0.1, "c": 0.2, "lam": 0.2},
  ),
  "bottom": (
    {"N": SIZES[:3], "D": TARGET, "p": INJECTION},
    {"C": 900.0, "delta": 0.9, "nu": 0.3},
    (),
    {"delta": 0.02, "nu": 0.02, "C": 0.05},
  ),
  "recipes": (
    {
      "T": TRAINED,
      "S": (0.1, 0.3, 1.0, 3.0),
      "r": (1.0, 4.0, 16.0),
      "p": INJECTION,
    },
    {"A": 0.4, "B": 3e-4, "c": 0.4, "lam": 0.2, "rho": 0.1},
    ("lam", "rho"),
    {"c": 0.2, "B": 0.4, "lam": 0.2, "rho": 0.2},
  ),
  "replay": (
    {"p": (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)},
    {"A": 1.0, "B": 900.0, "alpha": 0.6},
    (),
    {"alpha": 0.1, "A": 0.02},
  ),
  "replay_log": (
    {"p": (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)},
    {"A": 1.0, "B": 900.0, "C": 0.2},
    (),
    {"A": 0.02, "C": 0.1},
  ),
  "target": (
    {"N": SIZES, "D": TARGET, "p": INJECTION},
    {"A": 60.0, "alpha": 0.1, "beta": 0.2, "E": 0.5, "C": -0.3},
    ("C",),
    {"alpha": 0.1, "beta": 0.1, "C": 0.1},
  ),
  "zhang": (
    {"X": TOKENS, "D": TARGET},
    {"A": 200.0, "alpha": 0.1, "beta": 0.2, "E": 0.5},
    (),
    {"alpha": 0.1, "beta": 0.1},
  ),
  "rectified": (
    {"D": tuple(200.0 * 2**k for k in range(14))},
    {"B": 800.0, "D_l": 200.0, "beta": 0.7, "E": 0.9},
    (),
    {"beta": 0.1, "E": 0.1},
  ),
  "chinchilla": (
    {"N": SIZES, "D": TOKENS},
    {"E": 1.7, "A": 400.0, "B": 1500.0, "alpha": 0.34, "beta": 0.36},
    (),
    {"alpha": 0.1, "beta": 0.1, "E": 0.05},
  ),
  "kaplan": (
    {"N": SIZES, "D": TOKENS},
    {"Nc": 8.8e13, "Dc": 5.4e13, "aN": 0.076, "aD": 0.095},
    (),
    {"aN": 0.1, "aD": 0.1},
  ),
  "data_constrained": (
    {"N": SIZES, "D": (1e9, 1e10, 1e11, 1e12), "U": (1e9, 3e9, 1e10)},
    {
      "E": 1.7,
      "A": 400.0,
      "B": 1500.0,
      "alpha": 0.34,
      "beta": 0.36,
      "R_D": 15.0,
      "R_N": 5.0,
    },
    (),
    {"alpha": 0.2, "beta": 0.2, "R_D": 0.3},
  ),
  "dcpt": (
    {"N": SIZES, "D": TOKENS, "r": RATIOS},
    {
      "E": 1.2,
      "A": 300.0,
      "B": 300.0,
      "C": 0.8,
      "alpha": 0.3,
      "beta": 0.35,
      "eta": 0.6,
      "gamma": 0.5,
      "eps": 0.1,
    },
    (),
    {"alpha": 0.2, "beta": 0.1, "eta": 0.2},
  ),
  "cmr": (
    {"R": (0.1, 0.2, 0.33, 0.5, 0.75, 1.0)},
    {"a": 0.4, "s": -0.5, "b": 1.1},
    (),
    {"a": 0.2, "s": 0.2},
  ),
}


def planted(name, noise, seed=0):
  """A table that obeys a law, and the truth."""
  law = find(name)
  axes, truth, _, _ = CASES[name]
  rows = np.array(list(itertools.product(*axes.values())))
  values = {k: rows[:, i] for i, k in enumerate(axes)}
  if "U" in values:
    kept = values["D"] >= values["U"]
    values = {k: v[kept] for k, v in values.items()}
    rows = rows[kept]
  if law.offset:
    size = values.get("N", np.full(len(rows), 1e8))
    values["L0"] = 3 * (size / 1e8) ** -0.05
  scales = share_scales(law, {"L": 1.0})
  params = {p.name: p.default for p in law.parameters if p.default is not None}
  inside = law.to_internal({**params, **truth}, scales)
  slots = slots_of(law, (), None)
  x = np.array([[s.inside(inside[s.parameter.name]) for s in slots]])
  problem = Problem(
    law=law,
    slots=slots,
    values=centred(law, values, scales),
    log_loss=np.zeros(len(rows)),
    weight=np.ones(len(rows)),
    free=np.zeros(len(slots), bool),
  )
  log = predict(problem, x)[0]
  log = log + noise * np.random.default_rng(seed).normal(size=len(log))
  frame = {law.variables[k].columns[0]: v for k, v in values.items()}
  return pd.DataFrame({**frame, law.loss.columns[0]: np.exp(log)})


def test_every_law_has_a_case():
  assert set(CASES) == set(laws.LAWS)


@pytest.mark.parametrize("name", sorted(CASES))
def test_planted_parameters_come_back(name):
  _, truth, free, tolerances = CASES[name]
  exact = laws.fit(planted(name, 0.0), name, free=free)
  assert exact.mean_relative_error < 1e-5
  fitted = laws.fit(planted(name, 0.001), name, free=free)
  assert fitted.certificate.holds, str(fitted.certificate)
  for parameter, tolerance in tolerances.items():
    assert fitted.params[parameter] == pytest.approx(
      truth[parameter], rel=tolerance
    )


def test_choices_default_to_huber():
  assert Choices().objective.delta == 1e-3
