"""Forms tried at a distance, in nats of forgetting."""

import numpy as np
import planted_tokens
import pytest

from forgetting import laws
from forgetting.laws import trials

TABLE = planted_tokens.planted(noise=0)
INSIDE, LARGER = (), (("N", 1),)


@pytest.fixture(scope="module")
def right():
  return laws.fit(TABLE, "tokens_best")


@pytest.fixture(scope="module")
def wrong():
  return laws.fit(TABLE, "forgetting")


def test_the_right_form_misses_nothing_and_the_wrong_one_does(right, wrong):
  for where in trials.sides():
    assert trials.trial(right, where).error < 2e-3
  assert trials.trial(wrong, INSIDE).error > 5e-3
  assert trials.trial(wrong, (("D", 1),)).error > 5e-3


def test_a_plan_s_tokens_are_told_by_the_other_runs(right):
  seen = (TABLE["model_params"] < 2e5).to_numpy()
  assert not seen.all()
  told = trials.planned_losses(right, right.x, seen)
  np.testing.assert_allclose(told, TABLE["pretrain_loss"], rtol=1e-4)


def test_sides_are_told_from_a_quarter_beyond(right):
  assert trials.side(right, {"N": 2.4e5, "D": 5e3}) == ()
  assert trials.side(right, {"N": 2.6e5, "D": 5e3}) == LARGER
  point = {"N": 1e4, "D": 2e4}
  assert trials.side(right, point) == (("N", -1), ("D", 1))
  assert len(trials.sides()) == 9


def test_the_spread_grows_with_the_distance(wrong):
  inside = trials.spread_at(wrong, {"N": 6e4, "D": 5e3}, 0.3)
  near = trials.spread_at(wrong, {"N": 6e4, "D": 1.4e4}, 0.3)
  far = trials.spread_at(wrong, {"N": 6e4, "D": 5e4}, 0.3)
  assert 0 < inside <= near < far


def test_one_size_allows_no_trial_beyond_it():
  fit = laws.fit(TABLE[TABLE["model_params"] == 2e4], "tokens_best")
  found = trials.trial(fit, LARGER)
  assert not found.rows and np.isinf(found.error)
  # the cells inside still say how far it may be off
  assert trials.spread_at(fit, {"N": 2e5, "D": 5e3}, 0.3) > 0


def test_trials_are_kept_with_a_stored_fit(right):
  again = laws.Fit.from_dict(right.as_dict())
  for where in trials.sides():
    assert trials.trial(again, where) == trials.trial(right, where)
  assert again.schedule == right.schedule
