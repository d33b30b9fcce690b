"""The minimum of a problem: starts from the global stage, each polished.

What comes out are lanes, one a start: a fit takes the best of them, its
certificate asks how many agree, its profiles want the lowest alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forgetting.laws.newton import FIRST_LIMIT, Polished, polish
from forgetting.laws.problem import Loss, Problem, predict
from forgetting.laws.varpro import starts

USUAL = 1e-3  # Huber's threshold where losses are measured to a per mille


def solve(problem: Problem, count: int = 0) -> Polished:
  """Polishes all starts of a problem to their local minima.

  Args:
    problem: rows, a law, and which of its slots may move.
    count: how many starts; 0 takes the usual 16, or 48 from four nonlinear
      parameters up.

  Returns:
    one lane a start; a single lane where nothing may move.
  """
  points = starts(problem, count)
  if not problem.free.any():
    residual = predict(problem, points) - problem.log_loss
    objective = (problem.weight * problem.loss(residual)).sum(1)
    return Polished(points, objective, np.zeros(1), np.zeros(1, int))
  return _anneal(problem, points)


def lowest(problem: Problem, count: int) -> tuple[np.ndarray, float]:
  """Finds the best point without a certificate's care.

  Args:
    problem: rows, a law, and which of its slots may move.
    count: how many starts.

  Returns:
    the point [slots] in the fit's coordinates, and its objective.
  """
  points, objective = lowest_each(problem, problem.weight[None], count)
  return points[0], float(objective[0])


def lowest_each(
  problem: Problem, weight, count: int
) -> tuple[np.ndarray, np.ndarray]:
  """Finds the best point for each of several weights of the rows.

  All are polished side by side: a small problem's time is that of its calls,
  not of its numbers. Of the starts that are slow to settle only the best of
  each goes on.

  Args:
    problem: rows, a law, and which of its slots may move.
    weight: [parts, rows] instead of the problem's.
    count: how many starts each.

  Returns:
    points [parts, slots] in the fit's coordinates, and objectives [parts].
  """
  parts = [replace(problem, weight=w) for w in weight]
  if problem.loss.delta < USUAL or not problem.free.any():
    solved = [solve(part, count) for part in parts]
    best = [int(np.argmin(lanes.objective)) for lanes in solved]
    found = [lanes.take([i]) for lanes, i in zip(solved, best, strict=True)]
    lanes = Polished.join(found)
    return lanes.x, lanes.objective
  points = [starts(part, count) for part in parts]
  owner = np.repeat(np.arange(len(parts)), [len(p) for p in points])
  lanes = polish(
    problem, np.concatenate(points), weight=weight[owner], limit=FIRST_LIMIT
  )
  first = np.flatnonzero(np.diff(owner, prepend=-1))
  ends = np.append(first[1:], len(owner))
  chosen = [
    low + int(np.argmin(lanes.objective[low:high]))
    for low, high in zip(first.tolist(), ends.tolist(), strict=True)
  ]
  lanes = polish(problem, lanes.x[chosen], weight=weight)
  return lanes.x, lanes.objective


def distinct(lanes: Polished) -> np.ndarray:
  """Keeps one point of each basin: those whose objectives differ by 1e-6.

  Args:
    lanes: the polished starts.

  Returns:
    points [basins, slots], the best first.
  """
  order = np.argsort(lanes.objective, kind="stable")
  kept: list[int] = []
  for i in order:
    f = lanes.objective[i]
    if not np.isfinite(f):
      continue
    if not kept or f > lanes.objective[kept[-1]] * (1 + 1e-6):
      kept.append(i)
  return lanes.x[kept]


def basins(lanes: Polished) -> np.ndarray:
  """Tells the local minima that were found.

  Args:
    lanes: the polished starts.

  Returns:
    points [basins, slots] of the lanes that converged, the best first; where
    none did, the end that is lowest.
  """
  good = np.flatnonzero(lanes.converged & np.isfinite(lanes.objective))
  if not len(good):
    return lanes.x[[np.argmin(lanes.objective)]]
  return distinct(lanes.take(good))


def _anneal(problem: Problem, points) -> Polished:
  """Polishes; a Huber threshold near zero is approached in steps."""
  delta = problem.loss.delta
  step = USUAL
  while step > 1.01 * delta:
    wide = replace(problem, loss=Loss(step, problem.loss.overestimate))
    points = polish(wide, points, limit=60).x
    step /= 10
  return polish(problem, points)
