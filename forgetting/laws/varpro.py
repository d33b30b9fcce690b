"""The global stage: variable projection over the nonlinear parameters.

At each point of a grid (or of a low-discrepancy sequence from four nonlinear
parameters up) the amplitudes follow from weighted least squares under their
signs, with weights 1/L^2 so that squares approximate squared log residuals.
All local minima of the grid are kept as starts, plus spread good points.
"""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np

from forgetting.laws.problem import Problem

GRID_POINTS = {1: 64, 2: 32, 3: 12}
SEQUENCE_POINTS = 1024
ROWS = 4000
NUMBERS = 400_000
FEW, MANY = 16, 48


def starts(problem: Problem, count: int = 0) -> np.ndarray:
  """Start points [count, slots] for the polish, best first.

  By default 16, and 48 from four nonlinear parameters up.
  """
  problem = thin(problem)
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


def thin(problem: Problem) -> Problem:
  """At most ROWS rows, chosen by value and not by order."""
  if problem.rows <= ROWS:
    return problem
  from dataclasses import replace

  names = sorted(vars(problem.values))
  keys = [problem.log_loss, *(getattr(problem.values, n) for n in names)]
  order = np.lexsort([np.broadcast_to(k, problem.log_loss.shape) for k in keys])
  kept = order[np.linspace(0, problem.rows - 1, ROWS).astype(int)]
  return replace(
    problem,
    values=SimpleNamespace(
      **{n: getattr(problem.values, n)[kept] for n in names}
    ),
    log_loss=problem.log_loss[kept],
    weight=problem.weight[kept],
    group=None if problem.group is None else problem.group[kept],
    masks=tuple(mask[kept] for mask in problem.masks),
  )


def _searched(problem: Problem) -> list[int]:
  return [
    i
    for i, slot in enumerate(problem.slots)
    if problem.free[i] and not slot.parameter.amplitude
  ]


def grid(problem: Problem, searched: list[int]):
  """Points [cells, slots] of the nonlinear slots, and the lattice's shape."""
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
  """A point [slots] that carries the values of the slots that do not move."""
  if problem.at is not None:
    return np.array(problem.at, float)
  return np.zeros(len(problem.slots))


def _first(problem: Problem, name: str) -> int:
  return problem.members(problem.law[name])[0][0]


def sequence(count: int, axes: int) -> np.ndarray:
  """Roberts' additive low-discrepancy sequence in the unit cube."""
  ratio = 2.0
  for _ in range(60):
    ratio = (1 + ratio) ** (1 / (axes + 1))
  steps = ratio ** -np.arange(1.0, axes + 1)
  return (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1.0


def project_all(problem: Problem, points):
  """Points with their best amplitudes [cells, slots], and costs [cells]."""
  chunk = max(1, NUMBERS // problem.rows)
  parts = [
    project(problem, points[i : i + chunk])
    for i in range(0, len(points), chunk)
  ]
  return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def project(problem: Problem, points, rows=None):
  """Best amplitudes at the nonlinear values of points [cells, slots].

  Args:
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
      active = sorted([*free, *chosen])
      if not active:
        explained[todo] = np.maximum(explained[todo], 0.0)
        continue
      if not len(todo):
        break
      index = np.ix_(todo, active, active)
      matrix = gram[index] + 1e-11 * np.eye(len(active))
      vector = right[np.ix_(todo, active)]
      solution = np.linalg.solve(matrix, vector[:, :, None])[:, :, 0]
      gain = (solution * vector).sum(1)
      chosen_columns = [active.index(i) for i in chosen]
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


def _choose(cost, shape, places, count: int) -> np.ndarray:
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
    away = np.minimum(away, np.abs(places[top] - places[i]).max(1))
  spread = 0.5
  while len(chosen) < count and spread > 1e-3:
    far = np.flatnonzero(away >= spread)
    if not len(far):
      spread *= 0.6
      continue
    chosen.append(top[far[0]])
    away = np.minimum(away, np.abs(places[top] - places[chosen[-1]]).max(1))
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
