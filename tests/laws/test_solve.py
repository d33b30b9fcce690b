"""Basins out of polished starts."""

from dataclasses import replace

import numpy as np
import planted_tables

from forgetting.laws import lockstep
from forgetting.laws.newton import Polished
from forgetting.laws.solve import basins, distinct, lowest_each, solve

LANES = Polished(
  x=np.array([[1.0], [2.0], [1.0], [3.0], [4.0]]),
  objective=np.array([5.0, 3.0, 5.0 * (1 + 1e-9), np.inf, 4.0]),
  decrement=np.array([0.0, 0.0, 0.0, 0.0, 1.0]),
  iterations=np.zeros(5, int),
)


def test_one_point_a_basin_the_best_first():
  assert distinct(LANES).ravel().tolist() == [2.0, 4.0, 1.0]


def test_only_what_converged_is_a_minimum():
  assert basins(LANES).ravel().tolist() == [2.0, 1.0]
  stuck = Polished(LANES.x, LANES.objective, np.ones(5), LANES.iterations)
  assert basins(stuck).ravel().tolist() == [2.0]


def test_the_lowest_is_the_best_of_all_starts():
  problem = planted_tables.fitted().problem
  lanes = lockstep.run(solve(problem))
  x, objective = lockstep.run(lowest_each([problem], 8))
  np.testing.assert_allclose(objective[0], lanes.objective.min(), rtol=1e-9)
  best = lanes.x[np.argmin(lanes.objective)]
  np.testing.assert_allclose(x[0], best, rtol=1e-5, atol=1e-8)


def test_problems_side_by_side_end_as_each_alone():
  # rows that one does not see, and slots that another does not move
  problem = planted_tables.fitted().problem
  best = lockstep.run(solve(problem)).x[0]
  half = problem.reweighted([np.arange(problem.rows) % 2])[0]
  slot = np.flatnonzero(problem.free)[-1]
  free, at = problem.free.copy(), best.copy()
  free[slot], at[slot] = False, 1.1 * best[slot]
  parts = [problem, half, replace(problem, free=free, at=at)]
  x, objective = lockstep.run(lowest_each(parts, 8))
  assert x[2, slot] == at[slot]
  for part, found in zip(parts, objective, strict=True):
    _, alone = lockstep.run(lowest_each([part], 8))
    np.testing.assert_allclose(found, alone[0], rtol=1e-9)
  assert objective[2] > objective[0] * (1 + 1e-6)
