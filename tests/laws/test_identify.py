"""What the data do not identify is said, and how a fit prints."""

import planted_tables
from planted_tables import planted

from forgetting import laws
from forgetting.laws import identify, trials
from forgetting.laws.bands import Misses

FITTED = planted_tables.fitted()


def test_unidentified_parameter_is_said_and_not_printed():
  fitted = laws.fit(planted(forgetting=0.2, noise=0.01), "forgetting")
  assert "B" in fitted.unidentified
  line = next(r for r in str(fitted).splitlines() if r.startswith("  B "))
  assert "not identified" in line
  assert f"{fitted.params['B']:.5g}" not in line


def test_a_fit_prints_itself_in_a_notebook():
  text = FITTED._repr_html_()
  assert text.count("<tr>") == 4
  assert "certificate holds" in text
  fits = laws.fit(planted(), by="domain")
  assert "kjv" in fits._repr_html_()


def test_a_fit_says_what_its_own_backtest_says_of_its_form():
  line = str(FITTED).splitlines()[-1]
  inside, edge = FITTED.memory["trial", ()], identify.form(FITTED)
  assert line == f"  form: {edge}"
  assert f"missed {inside.error:.2g} nats of forgetting" in line
  worst = max(
    made.error for where, made in trials.every_trial(FITTED).items() if where
  )
  assert f"{worst:.2g} nats of forgetting" in line and "left out)" in line
  assert "form: when tried" in FITTED._repr_html_()


def test_a_law_of_another_loss_tells_what_it_missed_beyond_its_smaller_runs():
  fitted = laws.fit(planted_tables.pretrainings(), "chinchilla")
  told = identify.form(fitted)
  assert f"up to {100 * fitted.misses.inside:.2g} %" in told
  assert f"{100 * fitted.misses.slope:.2g} % more an e-fold" in told


def test_runs_that_allow_no_trial_say_nothing_of_form():
  fitted = laws.fit(planted_tables.pretrainings(), "chinchilla")
  fitted.memory["misses"] = Misses(0.01, 0.0, 0)
  assert identify.form(fitted) == ""
  assert "form:" not in str(fitted)
