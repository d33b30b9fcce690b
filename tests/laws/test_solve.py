"""Basins out of polished starts."""

import numpy as np
import planted_tables

from forgetting.laws.newton import Polished
from forgetting.laws.solve import basins, distinct, lowest, solve

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
  lanes = solve(problem)
  x, objective = lowest(problem, 8)
  assert objective == np.min(lanes.objective) or np.isclose(
    objective, lanes.objective.min(), rtol=1e-9
  )
  best = lanes.x[np.argmin(lanes.objective)]
  np.testing.assert_allclose(x, best, rtol=1e-5, atol=1e-8)
