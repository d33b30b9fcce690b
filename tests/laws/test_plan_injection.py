"""Runs that tell an injection closely enough."""

import itertools

import numpy as np
import pytest

from forgetting import laws, records
from forgetting.config import InputError
from forgetting.laws import plan_injection as planning
from forgetting.laws.plan_injection import expected_law, plan_injection
from forgetting.laws.schedule import Schedule, schedule_of
from forgetting.laws.trained import with_tokens
from forgetting.report.export import EXAMPLE

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
  return plan_injection(POINTS, tolerance=tolerance, factor=factor, **options)


def test_the_expected_law_forgets_as_was_said():
  trained = SCHEDULE.trained(1e4, 1e4, 0.0)
  lost = planning._forgetting(LAW, 1e4, trained, 0.0)
  assert lost == pytest.approx(0.6)


def test_the_injection_keeps_the_tolerance_by_the_law():
  p = planned().injection
  lost = planning._at_end(LAW, TARGET, np.array([p]), SCHEDULE)
  assert lost[0] == pytest.approx(0.35, rel=1e-3)


def test_the_runs_that_identify_a_law_come_first():
  first = planned(1.9)
  runs = first.runs
  assert runs["seeds"].sum() == 7 and first.factor < 1.9
  here = runs[(runs["model_params"] == 1e5) & (runs["target_tokens"] == 1e4)]
  assert len(here) == 3 and here["injection"].min() == 0
  for axis in ("model_params", "target_tokens"):
    assert runs[axis].nunique() == 2


def test_runs_are_bought_until_it_is_known_closely_enough():
  rough, close = planned(1.6), planned(1.35)
  assert rough.factor <= 1.6 < rough.before
  assert close.factor <= 1.35
  assert close.runs["seeds"].sum() > rough.runs["seeds"].sum()
  assert close.runs["seeds"].max() <= planning.MOST_SEEDS


def test_runs_that_are_there_are_not_bought_again():
  there = planned(1.6).runs
  done = [
    dict(N=r.model_params, D=r.target_tokens, p=r.injection)
    for r in there.itertuples()
    for _ in range(r.seeds)
  ]
  again = planned(1.4, done=done)
  assert again.before < planned(1.4).before
  assert 0 < again.runs["seeds"].sum() < planned(1.4).runs["seeds"].sum()
  enough = planned(1.6, done=done)
  assert not len(enough.runs)
  assert str(enough).startswith("0 runs for 0 FLOPs: those that are there tell")


def test_a_law_that_is_not_identified_is_so_first():
  known = POINTS[-4:]  # one model, one amount of text
  enough = planned(20.0, done=known)
  assert not len(enough.runs) and "caution" not in str(enough)
  plan = planned(20.0, done=known, missing=["alpha", "beta"])
  assert plan.runs["model_params"].min() == 1e4
  assert plan.runs["target_tokens"].min() == 2e3
  assert "do not identify alpha, beta" in str(plan)
  assert plan.as_dict()["missing"] == ("alpha", "beta")


def test_all_runs_may_not_be_enough():
  plan = planned(1.01)
  assert plan.factor > 1.01
  assert (plan.runs["seeds"] == planning.MOST_SEEDS).all()
  assert len(plan.runs) == len(POINTS)
  assert "all runs of the study do not give it" in str(plan)


def test_what_the_form_is_off_by_is_told_beside():
  right, off, elsewhere = planned(off=0.0), planned(off=0.02), planned()
  assert right.whole == right.factor == off.factor
  assert right.whole < off.whole < elsewhere.whole
  assert f"{off.whole:.2g} with what the form" in str(off)


@pytest.mark.parametrize("tolerance", [0.4763, 0.1316])
def test_a_tolerance_near_either_end_is_asked_as_it_is(tolerance):
  plan = planned(factor=1.5, tolerance=tolerance)
  assert 0 < plan.injection < 1


def test_ln_p_moves_with_the_law_as_its_answers_do():
  """The gradient that runs are chosen by, against p* of laws a step apart."""
  steep = planning._steepness(LAW, TARGET, planned().injection, SCHEDULE)
  there = {**TARGET, "p": planned().injection}
  told = planning._gradient(LAW, there, SCHEDULE) / steep
  for i, slope in enumerate(told):
    ends = LAW + np.outer([1, -1], 1e-3 * (np.arange(5) == i))
    up, down = (planning._needed(x, TARGET, 0.35, SCHEDULE) for x in ends)
    assert np.log(up / down) / 2e-3 == pytest.approx(slope, rel=0.05)


@pytest.mark.parametrize("domain", ["kjv", "py_sympy", "wiki_fr"])
def test_seven_of_sixty_runs_tell_what_the_cell_s_own_say(domain):
  """Of the example study, its largest cell, which has six injections."""
  runs = records.load(EXAMPLE).query(f"domain == '{domain}'")
  lost = runs["pretrain_loss"] - runs["base_pretrain_loss"]
  n, d = runs["model_params"].max(), runs["target_tokens"].max()
  there = (runs["model_params"] == n) & (runs["target_tokens"] == d)
  p, own = runs["injection"][there].to_numpy(), lost[there].to_numpy()
  tolerance = round(0.6 * own[p == 0][0], 2)
  crossed = np.argmax(own <= tolerance)
  ends = slice(crossed - 1, crossed + 1)
  measured = np.exp(np.interp(-tolerance, -own[ends], np.log(p[ends])))
  points = runs[["model_params", "target_tokens", "injection"]]
  candidates = [dict(zip("NDp", point, strict=True)) for point in points.values]
  schedule = schedule_of(with_tokens(runs), at_best=False)
  plan = plan_injection(
    candidates,
    target=dict(N=n, D=d),
    tolerance=tolerance,
    factor=1.5,
    schedule=schedule,
    law=expected_law(candidates, schedule, forgetting=own[p == 0][0] * 1.3),
  )
  few = runs.merge(plan.runs, on=[*points]).drop_duplicates([*points])
  asked = dict(model_params=n, target_tokens=d, tolerance=tolerance, far=True)
  advice = laws.advise(few, **asked)
  assert len(few) == 7
  assert advice.injection == pytest.approx(measured, rel=0.2)
  assert advice.low < measured < advice.high


def test_far_runs_tell_less_than_near_ones():
  """A law is off by more at a distance, which no seed mends."""
  points = [dict(**TARGET, p=0.05), POINTS[0]]
  near, far = planning._Belief.of(LAW, points, TARGET, SCHEDULE).off
  assert near == 0
  assert far == pytest.approx(0.03 * np.log(10 * 5))


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    (dict(factor=1.0), "interval 1: expected a factor above 1"),
    (dict(tolerance=0.0), "tolerance 0: expected nats above 0"),
    (dict(tolerance=0.9), "no more than 0.* are expected .* more by --guess"),
    (dict(tolerance=0.01), "nats are expected at the best .* less by --guess"),
  ],
)
def test_what_cannot_be_asked(changes, words):
  with pytest.raises(InputError, match=words):
    planned(**changes)
