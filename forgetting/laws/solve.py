"""The minimum of a problem: starts from the global stage, each polished.

What comes out are lanes, one a start: a fit takes the best of them, its
certificate asks how many agree, its profiles want the lowest alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forgetting.laws.newton import LIMIT, Polished, polish
from forgetting.laws.problem import Loss, Problem, predict
from forgetting.laws.varpro import starts

BRIEF_LIMIT = 15  # iterations after which one sees which starts are best
KEPT = 2  # of a problem's starts, which go on
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


def lowest_each(
  parts: Sequence[Problem], count: int
) -> tuple[np.ndarray, np.ndarray]:
  """Finds the best point of several problems, without a certificate's care.

  All are polished side by side: a small problem's time is that of its calls,
  not of its numbers. Of each only the starts that are best after some
  iterations go on.

  Args:
    parts: of one law and the same rows; their weights differ, or which slots
      move and where the others are.
    count: how many starts each.

  Returns:
    points [parts, slots] in the fit's coordinates, and objectives [parts].
  """
  problem = parts[0]
  free = np.stack([part.free for part in parts])
  if problem.loss.delta < USUAL or not free.any(axis=1).all():
    solved = [solve(part, count) for part in parts]
    best = [int(np.argmin(lanes.objective)) for lanes in solved]
    found = [lanes.take([i]) for lanes, i in zip(solved, best, strict=True)]
    lanes = Polished.join(found)
    return lanes.x, lanes.objective
  points = [starts(part, count) for part in parts]
  owner = np.repeat(np.arange(len(parts)), [len(p) for p in points])
  # a slot that is held at several values moves as well, from part to part
  held = np.ptp(np.where(free, 0.0, [p[0] for p in points]), axis=0) > 0
  wide = replace(problem, free=free.any(axis=0) | held)
  weight = np.stack([part.weight for part in parts])
  still = wide.free & ~free

  def run(start, owner, limit):
    own = dict(
      weight=weight[owner], still=still[owner] if still.any() else None
    )
    return polish(wide, start, limit=limit, **own)

  lanes = run(np.concatenate(points), owner, BRIEF_LIMIT)
  order = np.lexsort([lanes.objective, owner])
  rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
  chosen = order[rank < KEPT]
  owner = owner[chosen]
  lanes = run(lanes.x[chosen], owner, LIMIT)
  order = np.lexsort([lanes.objective, owner])
  lowest = order[np.diff(owner, prepend=-1) > 0]
  return lanes.x[lowest], lanes.objective[lowest]


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
