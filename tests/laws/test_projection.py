"""The best amplitudes at given nonlinear parameters."""

import numpy as np
import planted_tables

from forgetting.laws.problem import predict
from forgetting.laws.projection import project


def test_amplitudes_are_those_of_least_squares():
  fitted = planted_tables.fitted()
  problem, point = fitted.problem, fitted.x[None].copy()
  filled, cost = project(problem, point)
  for factor in (0.99, 1.01):
    moved = filled.copy()
    moved[:, 0] *= factor
    wrong = np.exp(-2 * problem.log_loss) * problem.weight
    total = np.exp(predict(problem, moved)[0])
    assert (wrong * (total - np.exp(problem.log_loss)) ** 2).sum() > cost[0]
