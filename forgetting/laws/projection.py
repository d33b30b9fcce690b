"""The best amplitudes at given values of the nonlinear parameters.

They follow from weighted least squares under their signs, with weights 1/L^2
so that squares approximate squared log residuals.
"""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np

from forgetting.laws.problem import Problem

NUMBERS = 400_000


def project_all(problem: Problem, points):
  """Gives many points their best amplitudes, a chunk at a time.

  Args:
    problem: the law and the rows.
    points: [cells, slots].

  Returns:
    points [cells, slots] and costs [cells], as `project`.
  """
  chunk = max(1, NUMBERS // problem.rows)
  parts = [
    project(problem, points[i : i + chunk])
    for i in range(0, len(points), chunk)
  ]
  return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def project(problem: Problem, points, rows=None):
  """Finds the best amplitudes at the nonlinear values of points.

  Args:
    problem: the law and the rows.
    points: [cells, slots].
    rows: [rows] 0/1 mask, to look at one group alone.
  Returns:
    points with the free amplitudes filled in, and weighted squared costs.
  """
  law = problem.law
  q = problem.parameter_values(points)
  basis = law.terms(problem.values, SimpleNamespace(**q))
  outer = q[law.outer] if law.outer else 1.0
  goal = np.exp(problem.log_loss / outer) + np.zeros((len(points), 1))
  weight = problem.weight * (outer / goal) ** 2
  if rows is not None:
    weight = weight * rows
  residual = goal
  if law.offset:
    residual = residual - getattr(problem.values, law.offset)
  columns, slots = [], []
  for parameter in law.amplitudes:
    phi = np.broadcast_to(basis[parameter.name], goal.shape)
    for i, mask in problem.members(parameter):
      if problem.free[i]:
        slots.append(i)
        columns.append(phi * mask)
      elif np.any(points[:, i]):
        residual = residual - points[:, i : i + 1] * phi * mask
  filled = points.copy()
  if not slots:
    return filled, (weight * residual**2).sum(1)
  basis_KxCxn = np.stack(columns)
  heavy = basis_KxCxn * weight
  gram = np.einsum("kcn,jcn->ckj", heavy, basis_KxCxn)
  right = np.einsum("kcn,cn->ck", heavy, residual)
  square = np.einsum("cn,cn->c", weight * residual, residual)
  signed = np.array([problem.slots[i].parameter.low >= 0 for i in slots])
  amplitude, gain = signed_squares(gram, right, signed)
  # A start on its bound cannot feel its own exponents: lift it off.
  typical = np.abs(right).max(1) / np.maximum(
    np.einsum("ckk->ck", gram).max(1), 1e-300
  )
  lifted = np.where(
    signed, np.maximum(amplitude, 1e-4 * typical[:, None]), amplitude
  )
  filled[:, slots] = lifted
  return filled, square - gain


def signed_squares(gram, right, signed):
  """Least squares [cells, k] with the signed amplitudes not negative.

  With at most four amplitudes the active sets are few: all are solved and
  the best feasible one wins. Returns the amplitudes and what they explain.
  """
  cells, k = right.shape
  diagonal = np.sqrt(np.maximum(np.einsum("ckk->ck", gram), 1e-300))
  gram = gram / diagonal[:, :, None] / diagonal[:, None, :]
  right = right / diagonal
  best, explained = np.zeros((cells, k)), np.full(cells, -np.inf)
  free = [i for i in range(k) if not signed[i]]
  bound = [i for i in range(k) if signed[i]]
  todo = np.arange(cells)
  for size in range(len(bound), -1, -1):
    for chosen in combinations(bound, size):
      active = np.array(sorted([*free, *chosen]), int)
      if not len(active):
        explained[todo] = np.maximum(explained[todo], 0.0)
        continue
      if not len(todo):
        break
      index = np.ix_(todo, active, active)
      matrix = gram[index] + 1e-11 * np.eye(len(active))
      vector = right[np.ix_(todo, active)]
      solution = np.linalg.solve(matrix, vector[:, :, None])[:, :, 0]
      gain = (solution * vector).sum(1)
      chosen_columns = np.searchsorted(active, chosen)
      feasible = (solution[:, chosen_columns] >= 0).all(1)
      better = feasible & (gain > explained[todo])
      rows = todo[better]
      best[rows] = 0.0
      best[np.ix_(rows, active)] = solution[better]
      explained[rows] = gain[better]
    if size == len(bound):
      # Where the unconstrained solution is feasible it is the best.
      todo = np.flatnonzero(~np.isfinite(explained))
  return best / diagonal, explained
