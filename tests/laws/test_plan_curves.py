"""Runs that tell an injection closely enough."""

import itertools

import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.laws import plan_curves as planning
from forgetting.laws.plan_curves import expected_law, plan_curves
from forgetting.laws.schedule import Schedule

POINTS = [
  dict(N=n, D=d, p=p)
  for n, d, p in itertools.product(
    (1e4, 1e5), (2e3, 1e4), (0.0, 0.01, 0.05, 0.2)
  )
]
SCHEDULE = Schedule(((2e3, 40.0), (1e4, 40.0)))
TARGET = dict(N=1e5, D=1e4)
LAW = expected_law(POINTS, SCHEDULE, forgetting=0.6)


def planned(factor=2.0, tolerance=0.35, **changes):
  options = dict(target=TARGET, schedule=SCHEDULE, law=LAW) | changes
  return plan_curves(POINTS, tolerance=tolerance, factor=factor, **options)


def test_the_expected_law_forgets_as_was_said():
  trained = SCHEDULE.trained(1e4, 1e4, 0.0)
  lost = planning._forgetting(LAW, 1e4, trained, 0.0)
  assert lost == pytest.approx(0.6)


def test_the_injection_keeps_the_tolerance_by_the_law():
  p = planned().injection
  lost = planning._at_end(LAW, TARGET, np.array([p]), SCHEDULE)
  assert lost[0] == pytest.approx(0.35, rel=1e-3)


def test_runs_are_bought_until_it_is_known_closely_enough():
  rough, close = planned(2.5), planned(1.7)
  assert rough.factor <= 2.5 < rough.before
  assert close.factor <= 1.7
  assert close.runs["seeds"].sum() > rough.runs["seeds"].sum()
  assert close.runs["seeds"].max() <= planning.MOST_SEEDS
  # what injection does is not told without some and without none
  assert close.runs["injection"].min() == 0 < close.runs["injection"].max()


def test_runs_that_are_there_are_not_bought_again():
  there = planned(2.5).runs
  done = [
    dict(N=r.model_params, D=r.target_tokens, p=r.injection)
    for r in there.itertuples()
    for _ in range(r.seeds)
  ]
  again = planned(2.5, done=done)
  assert again.before < planned(2.5).before
  assert again.runs["seeds"].sum() < there["seeds"].sum()


def test_all_runs_may_not_be_enough():
  plan = planned(1.01)
  assert plan.factor > 1.01
  assert (plan.runs["seeds"] == planning.MOST_SEEDS).all()
  assert len(plan.runs) == len(POINTS)
  assert "all runs of the study do not give it" in str(plan)


def test_far_runs_tell_less_than_near_ones():
  """A law is off by more at a distance, which no seed mends."""
  near = planning._Belief.of(LAW, [dict(**TARGET, p=0.05)], TARGET, SCHEDULE)
  far = planning._Belief.of(LAW, POINTS[:1], TARGET, SCHEDULE)
  assert near.off == (0.0,)
  assert far.off[0] == pytest.approx(0.03 * np.log(10 * 5))


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    (dict(factor=1.0), "interval 1: expected a factor above 1"),
    (dict(tolerance=0.0), "tolerance 0: expected nats above 0"),
    (dict(tolerance=0.9), "no more than 0.* nats of forgetting are expected"),
    (dict(tolerance=0.01), "nats are expected at the best injection"),
  ],
)
def test_what_cannot_be_asked(changes, words):
  with pytest.raises(InputError, match=words):
    planned(**changes)
