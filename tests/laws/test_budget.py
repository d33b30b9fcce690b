"""Forgetting at fixed compute."""

import numpy as np
import pandas as pd
import planted_tables
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import answers, budget

FITTED = planted_tables.fitted()
ASKED = {"model_params": 4e6, "target_tokens": 1e6, "tolerance": 0.05}


def test_a_budget_trades_size_for_injection():
  frame = laws.at_budget(FITTED, flops=1e15, target_tokens=1e6, epochs=10)
  tokens = 1e7 / (1 - frame["injection"])
  assert (6 * frame["model_params"] * tokens).to_numpy() == pytest.approx(1e15)
  assert (frame["low"] <= frame["high"]).all()


def test_advice_at_a_budget_names_size_and_injection():
  report = answers.advise(FITTED, **ASKED, flops=2e14)
  best = report.data["budget"]["best"]
  q = FITTED.params
  strength = (1 + q["B"] * best["injection"]) * best["model_params"]
  change = q["A"] * 1e6 ** q["beta"] / strength ** q["alpha"]
  assert change <= 0.05 * (1 + 1e-6)
  tokens = 1e7 / (1 - best["injection"])
  assert 6 * best["model_params"] * tokens == pytest.approx(2e14)
  rows = pd.DataFrame(report.data["budget"]["rows"])
  kept = rows[rows["forgetting"] <= 0.05 * (1 + 1e-9)]
  assert best["model_params"] == kept["model_params"].max()
  assert "FLOPs buy" in report.text
  with pytest.raises(InputError, match="flops"):
    answers.advise(FITTED, **ASKED, flops=-1.0)


def test_a_budget_that_cannot_keep_the_tolerance_says_so():
  asked = ASKED | {"tolerance": 1e-9}
  report = answers.advise(FITTED, **asked, flops=1e12)
  assert report.data["budget"]["best"] is None
  assert "none of these" in report.text


@pytest.mark.parametrize(
  ("asked", "line"),
  [
    (dict(epochs=0), "epochs 0: must be positive and finite"),
    (dict(budget=float("inf")), "budget inf: must be positive and finite"),
    (dict(budget=np.nan), "budget nan: must be positive and finite"),
    (dict(tolerance="0.3"), "tolerance '0.3': must be a number"),
    (dict(tolerance=None), "tolerance None: must be a number"),
    (dict(injection=1), "injection 1: must be a fraction, from 0 to below 1"),
    (dict(injection=-0.5), "injection -0.5: must be a fraction"),
    (dict(injection=np.nan), "injection nan: must be a fraction"),
  ],
)
def test_what_is_asked_is_numbers_that_can_be(asked, line):
  with pytest.raises(InputError, match=f"^{line}"):
    budget.check(**asked)


def test_numbers_of_all_kinds_are_taken():
  budget.check(a=1, b=np.float32(0.1), c=np.int64(3), injection=0)
