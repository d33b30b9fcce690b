"""How much to inject: the closed form, in every unit, or that none suffices."""

import json

import numpy as np
import planted_tables
from planted_tables import toy
import planted_tokens
import pytest

from forgetting import laws
from forgetting.config import InputError

FITTED = planted_tables.fitted()
TABLE = planted_tables.planted()


def test_advice_is_the_closed_form_and_flags_extrapolation():
  fitted = planted_tables.fitted()
  q = fitted.params
  advice = laws.advise(
    fitted, model_params=4e7, target_tokens=1e8, tolerance=0.05
  )
  needed = (q["A"] * 1e8 ** q["beta"] / 0.05) ** (1 / q["alpha"]) / 4e7
  assert advice.injection == pytest.approx((needed - 1) / q["B"], rel=1e-6)
  assert advice.low < advice.injection < advice.high
  assert advice.beyond["model_params"] == pytest.approx(2.5)
  assert advice.beyond["target_tokens"] == pytest.approx(10)
  assert "EXTRAPOLATION" in str(advice)


def test_advice_says_infeasible_and_says_nothing_is_needed():
  fitted = planted_tables.fitted()
  point = {"model_params": 1e5, "target_tokens": 1e9}
  with pytest.raises(InputError, match="target_tokens.*100 times outside"):
    laws.advise(fitted, tolerance=0.001, **point)
  point["far"] = True
  impossible = laws.advise(fitted, tolerance=0.001, **point)
  assert np.isinf(impossible.injection)
  assert "INFEASIBLE" in str(impossible)
  assert impossible.as_dict()["injection"] is None
  easy = laws.advise(fitted, tolerance=50.0, **point)
  assert easy.injection == 0


@pytest.mark.usefixtures("few_draws")
def test_advice_on_a_toy_study_takes_the_form_that_fits():
  advice = laws.advise(
    toy(), model_params=1e5, target_tokens=51.2e3, tolerance=0.1
  )
  assert advice.law != "forgetting"
  assert 0.02 < advice.injection < 0.1
  assert "missed" in str(advice)


def test_advice_in_percent_uses_the_base_loss_of_the_size():
  asked = {"model_params": 4e6, "target_tokens": 1e6}
  percent = laws.advise(FITTED, tolerance=2, unit="percent", **asked)
  base = TABLE.loc[TABLE["model_params"] == 4e6, "base_pretrain_loss"].iloc[0]
  assert percent.tolerance == pytest.approx(0.02 * base)


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


def test_a_power_that_is_held_at_nothing_answers_no_question():
  asked = dict(model_params=1e5, target_tokens=25.6e3, tolerance=0.1)
  fixed = {"beta": 0.0, "alpha": 0.0}
  told = laws.advise(toy(), law="tokens", fixed=fixed, **asked)
  assert told.injection > 0 and not told.instead
  fixed = {"alpha": 0.0}
  told = laws.advise(toy(), law="tokens", fixed=fixed, **asked)
  assert [*told.instead] == ["target_tokens"]


def test_a_tolerance_must_be_positive():
  with pytest.raises(InputError, match="tolerance -0.5: must be positive"):
    laws.advise(FITTED, model_params=4e6, target_tokens=1e6, tolerance=-0.5)


@pytest.mark.usefixtures("few_draws")
def test_nothing_is_offered_instead_of_nothing():
  advice = laws.advise(
    FITTED, model_params=4e6, target_tokens=1e6, tolerance=50.0
  )
  assert advice.injection == 0 and advice.instead == {}
  assert "or without injection" not in str(advice)


@pytest.mark.usefixtures("few_draws")
def test_one_cell_gets_an_answer_that_says_what_it_stands_on():
  whole = planted_tokens.planted(noise=0)
  cell = (whole["model_params"] == 6e4) & (whole["target_tokens"] == 4096)
  runs = whole[cell & (whole["injection"] != 0.02)]
  asked = dict(model_params=6e4, target_tokens=4096)
  forgotten = (runs["pretrain_loss"] - runs["base_pretrain_loss"]).to_numpy()
  advice = laws.advise(runs, tolerance=forgotten.mean(), **asked)
  assert 0 < advice.injection < 0.2
  assert "held, not measured: beta = 0, c = 0.5" in str(advice)
  assert "could not be tried" in str(advice)
  # two runs and two parameters: no residual, and still no certainty
  assert advice.low < 0.95 * advice.injection
  assert advice.high > 1.05 * advice.injection
  # exact at what was measured
  at = laws.advise(runs, tolerance=forgotten[1] * 1.0001, **asked)
  assert at.injection == pytest.approx(0.2, rel=0.01)
  with pytest.raises(InputError, match="add a run of the same size and text"):
    laws.advise(runs[:1], tolerance=0.1, **asked)


@pytest.mark.usefixtures("few_draws")
def test_an_answer_agrees_with_the_runs_of_its_cell():
  table = planted_tokens.planted(noise=0)
  cell = (table["model_params"] == 6e4) & (table["target_tokens"] == 4096)
  # this cell is unlike the others: it forgets half as much
  halved = table["base_pretrain_loss"] + 0.5 * (
    table["pretrain_loss"] - table["base_pretrain_loss"]
  )
  table["pretrain_loss"] = halved.where(cell, table["pretrain_loss"])
  runs = table[cell]
  forgotten = (runs["pretrain_loss"] - runs["base_pretrain_loss"]).to_numpy()
  advice = laws.advise(
    table,
    model_params=6e4,
    target_tokens=4096,
    tolerance=float(forgotten[:2].mean()),
  )
  assert 0 < advice.injection < 0.02
  assert advice.low <= advice.injection <= advice.high
  assert "the runs of this cell say so" in str(advice)


def test_a_tolerance_must_be_a_number():
  with pytest.raises(InputError, match="tolerance '0.3': must be a number"):
    laws.advise(FITTED, model_params=4e6, target_tokens=1e6, tolerance="0.3")
