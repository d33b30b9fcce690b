"""The global stage: variable projection over the nonlinear parameters.

The points are those of a grid, or of a low-discrepancy sequence from four
nonlinear parameters up; `projection` gives each its best amplitudes. All local
minima of the grid are kept as starts, plus spread good points.
"""

from __future__ import annotations

import numpy as np

from forgetting.laws.problem import Problem
from forgetting.laws.projection import project, project_all

GRID_POINTS = {1: 64, 2: 32, 3: 12}
SEQUENCE_POINTS = 1024
FEW, MANY = 16, 48


def starts(problem: Problem, count: int = 0) -> np.ndarray:
  """Finds points from which a polish should start.

  Args:
    problem: the law, the rows, and which slots move.
    count: how many; 0 is 16, and 48 from four nonlinear parameters up.

  Returns:
    [count, slots], the best first.
  """
  searched = _searched(problem)
  count = count or (FEW if len(searched) < 4 else MANY)
  if not searched:
    return project(problem, fixed_point(problem)[None])[0]
  points, shape = grid(problem, searched)
  x, cost = project_all(problem, points)
  if problem.group is not None:
    x, cost, shape = _combine_groups(problem, points, shape)
    searched = _searched(problem)
  low, high = problem.bounds()
  span = np.where(np.isfinite(high - low), high - low, 1.0)
  chosen = _choose(cost, shape, x[:, searched] / span[searched], count)
  return x[chosen]


def _searched(problem: Problem) -> list[int]:
  return [
    i
    for i, slot in enumerate(problem.slots)
    if problem.free[i] and not slot.parameter.amplitude
  ]


def grid(problem: Problem, searched: list[int]):
  """Spreads points over the search ranges of the nonlinear parameters.

  Args:
    problem: the law and its slots.
    searched: the slots that are searched.

  Returns:
    points [cells, slots], and the lattice's shape; that of a sequence is
    (cells,).
  """
  base = fixed_point(problem)
  # Copies of one parameter for several groups share their grid axis.
  names = list(dict.fromkeys(problem.slots[i].parameter.name for i in searched))
  ranges = np.array(
    [
      [
        problem.slots[i].inside(end)
        for end in problem.slots[i].parameter.search
      ]
      for i in (_first(problem, name) for name in names)
    ]
  )
  count = len(names)
  if count in GRID_POINTS:
    shape = (GRID_POINTS[count],) * count
    unit = np.stack(
      np.meshgrid(*[np.linspace(0, 1, k) for k in shape], indexing="ij"), -1
    ).reshape(-1, count)
  else:
    shape = (SEQUENCE_POINTS,)
    unit = sequence(SEQUENCE_POINTS, count)
  cells = ranges[:, 0] + unit * (ranges[:, 1] - ranges[:, 0])
  points = np.repeat(base[None], len(cells), axis=0)
  for axis, name in enumerate(names):
    for i, _ in problem.members(problem.law[name]):
      points[:, i] = cells[:, axis]
  return points, shape


def fixed_point(problem: Problem) -> np.ndarray:
  """Makes a point [slots] with the values of the slots that do not move."""
  if problem.at is not None:
    return np.array(problem.at, float)
  return np.zeros(len(problem.slots))


def _first(problem: Problem, name: str) -> int:
  return problem.members(problem.law[name])[0][0]


def sequence(count: int, axes: int) -> np.ndarray:
  """Makes Roberts' additive low-discrepancy sequence in the unit cube.

  Args:
    count: points.
    axes: dimensions.

  Returns:
    [count, axes].
  """
  ratio = 2.0
  for _ in range(60):
    ratio = (1 + ratio) ** (1 / (axes + 1))
  steps = ratio ** -np.arange(1.0, axes + 1)
  return (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1.0


def _choose(cost, shape, points, count: int) -> np.ndarray:
  """Indices of the lattice's local minima, then of spread good cells."""
  cost = np.where(np.isfinite(cost), cost, np.inf)
  lattice = cost.reshape(shape)
  lowest = np.ones(shape, bool)
  if len(shape) > 1 or shape[0] != SEQUENCE_POINTS:
    for axis in range(len(shape)):
      padded = np.pad(
        lattice,
        [(1, 1) if a == axis else (0, 0) for a in range(len(shape))],
        constant_values=np.inf,
      )
      length = shape[axis]
      lowest &= lattice <= padded.take(range(length), axis)
      lowest &= lattice <= padded.take(range(2, length + 2), axis)
  else:
    lowest[:] = False
  order = np.argsort(cost, kind="stable")
  worth = 30 * max(cost[order[0]], 0.0) + 1e-12
  minima = [i for i in order if lowest.ravel()[i] and cost[i] <= worth]
  chosen = minima[: max(1, count // 2)] or [order[0]]
  top = order[: max(8 * count, len(order) // 10)]
  top = top[np.isfinite(cost[top])]
  away = np.full(len(top), np.inf)
  for i in chosen:
    away = np.minimum(away, np.abs(points[top] - points[i]).max(1))
  spread = 0.5
  while len(chosen) < count and spread > 1e-3:
    far = np.flatnonzero(away >= spread)
    if not len(far):
      spread *= 0.6
      continue
    chosen.append(top[far[0]])
    away = np.minimum(away, np.abs(points[top] - points[chosen[-1]]).max(1))
  return np.array(chosen[:count], int)


def _combine_groups(problem: Problem, points, shape):
  """The best per-group values for every cell of the shared parameters.

  Given the shared ones the groups are separate problems, so each group takes
  its own best cell along the axes that are its alone.
  """
  names = list(
    dict.fromkeys(problem.slots[i].parameter.name for i in _searched(problem))
  )
  own = [
    axis
    for axis, name in enumerate(names)
    if problem.slots[_first(problem, name)].group is not None
  ]
  if not own or len(shape) != len(names):
    x, cost = project_all(problem, points)
    return x, cost, shape
  shared = [axis for axis in range(len(names)) if axis not in own]
  kept = tuple(shape[axis] for axis in shared)
  merged = None
  total = 0.0
  for mask_index, mask in enumerate(problem.masks):
    costs = np.concatenate(
      [
        project(problem, points[i : i + 64], rows=mask)[1]
        for i in range(0, len(points), 64)
      ]
    )
    lattice = np.moveaxis(costs.reshape(shape), shared, range(len(shared)))
    lattice = lattice.reshape(*kept, -1)
    index = np.arange(len(points)).reshape(shape)
    index = np.moveaxis(index, shared, range(len(shared)))
    index = index.reshape(*kept, -1)
    pick = lattice.argmin(-1)
    cell = np.take_along_axis(index, pick[..., None], -1)[..., 0].ravel()
    total = total + lattice.min(-1).ravel()
    if merged is None:
      merged = points[cell].copy()
    for i, slot in enumerate(problem.slots):
      if slot.group == mask_index:
        merged[:, i] = points[cell, i]
  x, _ = project_all(problem, merged)
  return x, total, kept or (1,)
