"""Inversions, units, budgets, plans, comparisons and the verbs."""

import json
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
from planted_tables import planted, toy
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import answers, answers_compare, answers_plan, arguments
from forgetting.laws.backtests import backtests, score
from forgetting.laws.compare import compare, compare_pooling
from forgetting.laws.invert import forgetting_at, injection_needed
from forgetting.laws.tolerance import from_nats, in_nats

TABLE = planted()
FITTED = laws.fit(TABLE)
CURVE = laws.Curve(np.arange(1, 2001), 3.6 * np.arange(1, 2001.0) ** -0.08)


@settings(deadline=None, max_examples=25)
@given(
  st.floats(1e6, 1e9), st.floats(1e4, 1e8), st.floats(1e-4, 1), st.floats(0, 1)
)
def test_closed_forms_invert_the_law(n, d, tolerance, p):
  q = FITTED.params
  x = FITTED.x[None]
  point = {"N": n, "D": d}
  exact = q["A"] * d ** q["beta"] / ((1 + q["B"] * p) * n) ** q["alpha"]
  assert forgetting_at(FITTED, x, point, p)[0] == pytest.approx(
    exact, rel=1e-6, abs=1e-12
  )
  reach = (q["A"] * d ** q["beta"] / tolerance) ** (1 / q["alpha"])
  needed = max(0.0, (reach / n - 1) / q["B"])
  found = injection_needed(FITTED, x, point, tolerance)[0]
  if needed > 1 + 1e-9:
    assert np.isinf(found)
  elif needed < 1 - 1e-9:
    assert found == pytest.approx(needed, rel=1e-6, abs=1e-12)


def test_data_allowed_and_size_needed_are_the_closed_forms():
  q = FITTED.params
  allowed = laws.target_tokens_allowed(
    FITTED, model_params=4e6, injection=0.01, tolerance=0.1
  )
  strength = (1 + q["B"] * 0.01) * 4e6
  exact = (0.1 * strength ** q["alpha"] / q["A"]) ** (1 / q["beta"])
  assert allowed.value == pytest.approx(exact, rel=1e-6)
  assert allowed.low < allowed.value < allowed.high
  assert allowed.beyond
  needed = laws.model_params_needed(
    FITTED, target_tokens=1e6, injection=0.01, tolerance=0.1
  )
  reach = (q["A"] * 1e6 ** q["beta"] / 0.1) ** (1 / q["alpha"])
  assert needed.value == pytest.approx(reach / (1 + q["B"] * 0.01), rel=1e-6)
  half = laws.halving_injection(FITTED)
  assert (1 + q["B"] * half.value) ** -q["alpha"] == pytest.approx(0.5)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["loss", "percent", "progress"]), st.floats(0.5, 60))
def test_units_convert_there_and_back(unit, value):
  nats = in_nats(value, unit, base_loss=2.5, curve=CURVE)
  back = from_nats(nats, unit, base_loss=2.5, curve=CURVE)
  assert back == pytest.approx(value, rel=1e-3)


def test_units_are_what_they_say():
  assert laws.convert(10, "percent", "loss", base_loss=2.5) == 0.25
  half = laws.convert(50, "progress", "loss", base_loss=2.5, curve=CURVE)
  assert half == pytest.approx(3.6 * (1000**-0.08 - 2000**-0.08), rel=1e-9)
  with pytest.raises(InputError, match="curve"):
    laws.convert(50, "progress", "loss", base_loss=2.5)


def test_advice_in_percent_uses_the_base_loss_of_the_size():
  asked = {"model_params": 4e6, "target_tokens": 1e6}
  percent = laws.advise(FITTED, tolerance=2, unit="percent", **asked)
  base = TABLE.loc[TABLE["model_params"] == 4e6, "base_pretrain_loss"].iloc[0]
  assert percent.tolerance == pytest.approx(0.02 * base)


def test_a_budget_trades_size_for_injection():
  frame = laws.at_budget(FITTED, flops=1e15, target_tokens=1e6, epochs=10)
  tokens = 1e7 / (1 - frame["injection"])
  assert (6 * frame["model_params"] * tokens).to_numpy() == pytest.approx(1e15)
  assert (frame["low"] <= frame["high"]).all()


def test_a_plan_stays_in_its_budget_and_sharpens():
  plan = laws.plan(FITTED, budget=3e15, targets=laws.grid([1e8], [3e7], [0.01]))
  assert plan.spent <= plan.budget
  assert plan.after < plan.before
  assert plan.runs["cost"].sum() == pytest.approx(plan.spent)


def test_the_planned_runs_beat_as_many_random_ones():
  candidates = laws.grid((1e6, 4e6, 16e6), (1e5, 1e6, 1e7), (0, 0.01, 0.05))
  targets = laws.grid([1e8], [3e7], [0.01])

  def after(chosen):
    return laws.plan(
      FITTED, budget=1e30, targets=targets, candidates=chosen, repeats=1
    ).after

  free = laws.Cost(epochs=1e-30, fixed=1.0)
  best = laws.plan(
    FITTED,
    budget=5.5,
    targets=targets,
    candidates=candidates,
    cost=free,
    repeats=1,
  )
  assert len(best.runs) == 5
  generator = np.random.default_rng(0)
  random = [
    after([candidates[i] for i in generator.choice(27, 5, replace=False)])
    for _ in range(20)
  ]
  assert best.after < np.median(random)


def test_a_new_study_gets_three_levels_of_everything_first():
  candidates = laws.grid(
    (1e6, 2e6, 4e6, 8e6), (1e5, 1e6, 1e7), (0, 0.001, 0.01, 0.05)
  )
  guess = {"A": 5.0, "B": 1000.0, "alpha": 0.5, "beta": 0.4}
  targets = laws.grid([1e8], [3e7], [0.01])
  plan = laws.plan_new(
    guess, budget=1e17, targets=targets, candidates=candidates
  )
  first = plan.runs.head(27)
  for name in ("model_params", "target_tokens", "injection"):
    assert first[name].nunique() == 3
  assert 0.001 in set(first["injection"])
  with pytest.raises(InputError, match="smallest design"):
    laws.plan_new(guess, budget=1.0, targets=targets, candidates=candidates)


def test_backtest_trains_on_small_and_predicts_large():
  splits = {s.name: s for s in backtests(FITTED)}
  split = splits["all but the largest N"]
  held = FITTED.data.values["N"][~split.train]
  assert set(held) == {16e6}
  result = score(FITTED, split)
  assert result.rows == 9
  assert result.error < 0.01


def test_backtests_leave_out_sizes_data_fractions_and_domains():
  table = pd.concat([planted(), planted(seed=10, domain="wiki")])
  result = compare_pooling(table)
  names = {s.split for s in result.scores["one law for all domains"]}
  assert names == {
    "all but the largest N",
    "all but the largest D",
    "all but the largest N and D",
    "all but p = 0.01",
    "all but p = 0.05",
    "all but domain kjv",
    "all but domain wiki",
  }
  # Both domains obey one law: nothing is gained by giving each its own.
  best = result.table["BIC"].idxmin()
  assert best == "one law for all domains"
  assert "all but domain wiki: error" in str(result)
  corner = next(s for s in backtests(FITTED) if "N and D" in s.name)
  held = {k: v[corner.train] for k, v in FITTED.data.values.items()}
  assert held["N"].max() == 4e6
  assert held["D"].max() == 1e6


def test_compare_verb_tells_every_backtest_in_json():
  table = pd.concat([planted(), planted(strength=100.0, domain="wiki")])
  report = answers_compare.compare(table)
  rows = report.data["groups"]["kjv"]
  assert {row["law"] for row in rows} >= {"forgetting", "forgetting_log"}
  for key in ("AICc", "BIC", "cross-validated", "backtest"):
    assert np.isfinite(rows[0][key])
  assert rows[0]["backtests"][0]["split"] == "all but the largest N"
  pooled = {row["law"]: row["AICc"] for row in report.data["pooled"]}
  assert min(pooled, key=pooled.get) != "one law for all domains"
  json.dumps(report.data)


def test_comparison_prefers_the_form_that_fits():
  pair = (("forgetting", ()), ("forgetting_log", ()))
  result = compare(toy(), laws=pair)
  assert result.table.index[0] == "forgetting_log"
  assert (
    result.table.loc["forgetting_log", "AICc"]
    < (result.table.loc["forgetting", "AICc"])
  )
  assert "backtest" in str(result)


def test_json_of_the_fit_verb_has_the_promised_keys():
  generator = np.random.default_rng(0)
  n, d = (
    np.geomspace(1e7, 1e9, 30),
    generator.permutation(np.geomspace(1e9, 1e11, 30)),
  )
  loss = 1.7 + 400 / n**0.34 + 1500 / d**0.36
  loss *= np.exp(1e-4 * generator.normal(size=30))
  table = pd.DataFrame({"n": n, "d": d, "val": loss, "lab": ["a", "b"] * 15})
  columns = arguments.parse_columns("N=n,D=d,loss=val")
  one = json.loads(
    json.dumps(answers.fit(table, law="chinchilla", columns=columns).data)
  )
  for key in (
    "law",
    "params",
    "intervals",
    "objective",
    "n",
    "certificate",
  ):
    assert key in one
  assert set(one["params"]) == {"E", "A", "B", "alpha", "beta"}
  assert one["params"]["A"] == pytest.approx(400, rel=0.2)
  grouped = answers.fit(table, law="chinchilla", columns=columns, by="lab").data
  assert set(grouped["groups"]) == {"a", "b"}
  assert grouped["groups"]["a"]["law"] == "chinchilla"


def test_verbs_take_files(tmp_path):
  path = tmp_path / "runs.csv"
  TABLE.to_csv(path, index=False)
  fitted = answers.fit(path, law="forgetting")
  stored = tmp_path / "fit.json"
  stored.write_text(json.dumps(fitted.data))
  asked = {"model_params": 4e6, "target_tokens": 1e6, "tolerance": 0.05}
  advice = answers.advise(stored, **asked)
  assert 0 < advice.data["injection"] < 0.1
  rows = answers.predict(stored, path)
  assert len(rows.table) == len(TABLE)
  assert (rows.table["low"] < rows.table["high"]).all()
  plan = answers_plan.plan(
    path, budget=1e15, model_params=1e8, target_tokens=1e7, domain="kjv"
  )
  assert plan.data["after"] < plan.data["before"]


def test_progress_reads_a_curve(tmp_path):
  curve = tmp_path / "curve.csv"
  pd.DataFrame({"step": CURVE.steps, "pretrain_loss": CURVE.losses}).to_csv(
    curve, index=False
  )
  advice = answers.advise(
    FITTED,
    model_params=4e6,
    target_tokens=1e7,
    tolerance=30,
    unit="progress",
    curve=curve,
  )
  exact = laws.convert(30, "progress", "loss", base_loss=1, curve=CURVE)
  assert advice.data["tolerance"] == pytest.approx(exact)


def test_laws_import_without_jax_tensorflow_or_scipy():
  code = (
    "import sys; from forgetting import laws; "
    "print([m for m in ('jax', 'tensorflow', 'scipy') if m in sys.modules])"
  )
  out = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, check=True
  )
  assert out.stdout.strip() == "[]"


def test_advice_says_what_else_would_keep_the_tolerance():
  advice = laws.advise(
    FITTED, model_params=4e6, target_tokens=1e6, tolerance=0.1
  )
  asked = dict(injection=0.0, tolerance=0.1)
  tokens = laws.target_tokens_allowed(FITTED, model_params=4e6, **asked)
  size = laws.model_params_needed(FITTED, target_tokens=1e6, **asked)
  assert advice.instead == {"target_tokens": tokens, "model_params": size}
  told = str(advice)
  assert f"at most {tokens.value:,.4g} target tokens" in told
  assert f"at least {size.value:,.4g} parameters" in told
  stored = json.loads(json.dumps(advice.as_dict()))
  assert stored["instead"]["model_params"]["value"] == size.value
  hopeless = laws.advise(
    FITTED, model_params=4e6, target_tokens=1e6, tolerance=1e-9
  )
  assert "or without injection: no amount of target text keeps it" in str(
    hopeless
  )
