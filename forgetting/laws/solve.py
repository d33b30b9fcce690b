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

  Of the starts that are slow to settle only the best goes on.

  Args:
    problem: rows, a law, and which of its slots may move.
    count: how many starts.

  Returns:
    the point [slots] in the fit's coordinates, and its objective.
  """
  if problem.loss.delta < USUAL:
    lanes = solve(problem, count)
  else:
    lanes = polish(problem, starts(problem, count), limit=FIRST_LIMIT)
    best = lanes.x[[np.argmin(lanes.objective)]]
    lanes = polish(problem, best) if problem.free.any() else lanes
  lowest = int(np.argmin(lanes.objective))
  return lanes.x[lowest], float(lanes.objective[lowest])


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
