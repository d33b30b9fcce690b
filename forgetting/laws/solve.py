"""The minimum of a problem: starts from the global stage, each polished.

What comes out are lanes, one a start: a fit takes the best of them, its
certificate asks how many agree, its profiles want the lowest alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forgetting.laws import lockstep
from forgetting.laws.lockstep import Lanes, Search
from forgetting.laws.newton import LIMIT, Polished
from forgetting.laws.problem import Loss, Problem, predict
from forgetting.laws.varpro import starts

BRIEF_LIMIT = 15  # iterations after which one sees which starts are best
KEPT = 2  # of a problem's starts, which go on
USUAL = 1e-3  # Huber's threshold where losses are measured to a per mille


def solve(problem: Problem, count: int = 0) -> Search[Polished]:
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
  return (yield from _anneal(problem, points))


def lowest_each(
  parts: Sequence[Problem], count: int
) -> Search[tuple[np.ndarray, np.ndarray]]:
  """Finds the best point of several problems, without a certificate's care.

  Args:
    parts: their rows or weights differ, or which slots move and where the
      others are.
    count: how many starts each.

  Returns:
    points [parts, slots] in the fit's coordinates, and objectives [parts].
  """
  found = yield from lockstep.gather([_lowest(part, count) for part in parts])
  points, objectives = zip(*found, strict=True)
  return np.stack(points), np.array(objectives)


def _lowest(problem: Problem, count: int) -> Search[tuple[np.ndarray, float]]:
  """The best point [slots], and its objective; only the starts that are best
  after some iterations go on."""
  if problem.loss.delta < USUAL or not problem.free.any():
    lanes = yield from solve(problem, count)
  else:
    lanes = yield from _loosely(problem, starts(problem, count), BRIEF_LIMIT)
    kept = np.argsort(lanes.objective, kind="stable")[:KEPT]
    lanes = yield from _loosely(problem, lanes.x[kept], LIMIT)
  best = int(np.argmin(lanes.objective))
  return lanes.x[best], float(lanes.objective[best])


def _loosely(problem: Problem, points, limit: int) -> Search[Polished]:
  lanes = Lanes(problem, points, limit=limit, exact=False)
  return lockstep.polished(lanes)


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


def _anneal(problem: Problem, points) -> Search[Polished]:
  """Polishes; a Huber threshold near zero is approached in steps."""
  delta = problem.loss.delta
  step = USUAL
  while step > 1.01 * delta:
    wide = replace(problem, loss=Loss(step, problem.loss.overestimate))
    found = yield from lockstep.polished(Lanes(wide, points, limit=60))
    points = found.x
    step /= 10
  return (yield from lockstep.polished(Lanes(problem, points)))
