"""How long a planned run is, as the study's own runs tell."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import planted_tokens
import pytest

from forgetting.laws.schedule import Schedule, fit_bottom, schedule_of
from forgetting.laws.trained import with_tokens

TABLE = with_tokens(planted_tokens.planted(noise=0))


def test_the_bottom_of_planted_runs_comes_back():
  found = fit_bottom(TABLE)
  assert found.C == pytest.approx(120, rel=1e-6)
  assert (found.delta, found.nu) == pytest.approx((1, 0.25))
  assert found.error < 1e-9 and found.runs == 27
  # it tells a size and an amount of text that no run had
  known = schedule_of(TABLE, at_best=True)
  expected = planted_tokens.at_bottom(1e6, 7e3, 0.1)
  assert known.trained(1e6, 7e3, 0.1) == pytest.approx(expected)


def test_one_size_or_amount_tells_no_power_and_no_turn_tells_nothing():
  one = TABLE[(TABLE.model_params == 2e4) & (TABLE.target_tokens == 2048)]
  found = fit_bottom(one)
  assert (found.delta, found.nu) == (1, 0)
  assert fit_bottom(TABLE.assign(best_step=TABLE["steps"])) is None
  assert fit_bottom(TABLE.drop(columns="best_tokens")) is None


def test_what_turns_after_the_plan_ends_with_it():
  known = schedule_of(TABLE, at_best=True).with_epochs(0.5)
  assert known.trained(2e4, 2048, 0.2) == pytest.approx(0.5 * 2048 / 0.8)


@given(st.floats(100, 1e6), st.floats(0, 0.9))
def test_epochs_lie_on_the_study_s_levels_and_between_them(d, p):
  known = Schedule(((2048, 48), (10240, 40)))
  assert known.epochs(2048) == pytest.approx(48)
  assert known.epochs(10240) == pytest.approx(40)
  if 2048 <= d <= 10240:
    assert 40 - 1e-9 <= known.epochs(d) <= 48 + 1e-9
  assert known.epochs(d) >= 1
  assert known.planned(d, p) == pytest.approx(known.epochs(d) * d / (1 - p))
  again = Schedule.from_dict(known.as_dict())
  assert again == known


def test_a_plan_without_end_is_cut_off():
  known = Schedule(((1.0, 10.0),))
  assert np.isfinite(known.planned(1000, 1.0))
