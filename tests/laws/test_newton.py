"""Newton on many lanes comes back to the optimum; no lane gets worse."""

from dataclasses import replace

import numpy as np
import planted_tables

from forgetting.laws import newton
from forgetting.laws.newton import Polished, polish
from forgetting.laws.objective import evaluate
from forgetting.laws.problem import Loss

FITTED = planted_tables.fitted()


def test_every_lane_ends_in_a_minimum_within_the_bounds():
  problem = FITTED.problem
  shift = 0.05 * np.random.default_rng(0).normal(size=(12, len(FITTED.x)))
  found = polish(problem, FITTED.x + shift * problem.free)
  assert found.converged.all()
  # most come back to the optimum; none is lower than it
  np.testing.assert_allclose(
    np.median(found.objective), FITTED.objective, rtol=1e-9
  )
  assert found.objective.min() >= FITTED.objective * (1 - 1e-9)
  low, high = problem.bounds()
  assert ((found.x >= low) & (found.x <= high)).all()
  held = ~problem.free
  assert (found.x[:, held] == FITTED.x[held]).all()


def test_more_iterations_never_raise_an_objective():
  problem = FITTED.problem
  start = FITTED.x + 0.3 * problem.free * np.linspace(-1, 1, 5)[:, None]
  before = evaluate(problem, np.clip(start, *problem.bounds())).objective
  for limit in (1, 3, 9):
    after = polish(problem, start, limit=limit).objective
    assert (after <= before * (1 + 1e-12)).all()
    before = after


def test_the_better_of_two_is_taken_lane_by_lane():
  a = Polished(np.zeros((2, 1)), np.array([1.0, 4.0]), *np.zeros((2, 2)))
  b = Polished(np.ones((2, 1)), np.array([2.0, 3.0]), *np.ones((2, 2)))
  best = a.better(b)
  assert best.x.ravel().tolist() == [0.0, 1.0]
  assert best.objective.tolist() == [1.0, 3.0]
  assert a.replaced([1], b.take([1])).objective.tolist() == [1.0, 3.0]
  assert Polished.join([a, b]).objective.tolist() == [1.0, 4.0, 2.0, 3.0]


def test_lanes_that_creep_arrive():
  # noise far above Huber's delta: kinks everywhere
  problem, generator = FITTED.problem, np.random.default_rng(3)
  noise = 0.02 * generator.normal(size=(6, problem.rows))
  problem = replace(problem, loss=Loss(1e-4))
  asked = dict(log_loss=problem.log_loss + noise)
  start = np.repeat(FITTED.x[None], 6, axis=0)
  newton_alone = polish(problem, start, limit=newton.FIRST_LIMIT, **asked)
  assert not newton_alone.converged.any()
  found = polish(problem, start, **asked)
  assert found.converged.all()
  assert (found.objective < newton_alone.objective).all()
  low, high = problem.bounds()
  for size in (1e-2, 1e-4):
    step = size * problem.free * generator.normal(size=found.x.shape)
    beside = np.clip(found.x + step, low, high)
    assert (
      evaluate(problem, beside, **asked).objective > found.objective
    ).all()
