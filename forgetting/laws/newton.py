"""Damped Newton in float64 for many small problems at once.

Exact Hessians with eigenvalues by absolute value, bounds by active sets, and
only decreases accepted. Scales of the objective do not matter: steps are in
units of the curvature, and the stop is relative to the objective. Where the
noise is far above Huber's delta, few rows lie inside it and Newton creeps
from kink to kink; those lanes come again from a wide delta that is narrowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forgetting.laws.problem import Loss, Problem, Terms, evaluate

CHUNK_NUMBERS = 24_000
STOP = 1e-19
CONVERGED = 1e-12
ROUNDING = 4e-16
FIRST_LIMIT = 40
TIRED = 2
SHORTEST = 0.02
WIDEST, NARROWING, WIDE_LIMIT = 128.0, 1.4, 30


@dataclass(frozen=True)
class Polished:
  """Where the lanes ended.

  Attributes:
    x: [lanes, slots].
    objective: [lanes].
    decrement: [lanes], the relative decrease that one more step would bring:
      g' |H|^-1 g / f over the slots that are not held by a bound.
    iterations: [lanes].
  """

  x: np.ndarray
  objective: np.ndarray
  decrement: np.ndarray
  iterations: np.ndarray

  @property
  def converged(self) -> np.ndarray:
    return self.decrement < CONVERGED

  def better(self, other: Polished) -> Polished:
    """Lane by lane the one with the lower objective."""
    take = other.objective < self.objective
    columns = []
    for name in FIELDS:
      left, right = getattr(self, name), getattr(other, name)
      mask = take[:, None] if left.ndim == 2 else take
      columns.append(np.where(mask, right, left))
    return Polished(*columns)

  def take(self, lanes) -> Polished:
    return Polished(*(getattr(self, n)[lanes] for n in FIELDS))

  def replaced(self, lanes, other: Polished) -> Polished:
    """With the other's result in those lanes where it is lower."""
    # Both are minima of the same lane: a widened path may end in a worse one.
    kept = other.better(self.take(lanes))
    columns = [getattr(self, n).copy() for n in FIELDS]
    for column, name in zip(columns, FIELDS, strict=True):
      column[lanes] = getattr(kept, name)
    return Polished(*columns)

  @classmethod
  def join(cls, parts: list[Polished]) -> Polished:
    """The lanes of all parts, in order."""
    return cls(
      *(np.concatenate([getattr(q, n) for q in parts]) for n in FIELDS)
    )


def polish(
  problem: Problem, start, *, weight=None, log_loss=None, limit=400
) -> Polished:
  """Runs every lane to its local minimum.

  Args:
    start: [lanes, slots] in the fit's coordinates.
    weight, log_loss: [lanes, rows] instead of the problem's.
    limit: iterations at most; a lane that needs more has a decrement to show.
  """
  found = _run(problem, start, weight, log_loss, min(limit, FIRST_LIMIT))
  if limit <= FIRST_LIMIT:
    return found
  for go_on in (_from_wide, _run):
    stuck = np.flatnonzero(~found.converged & np.isfinite(found.objective))
    if not len(stuck):
      return found
    rows = [None if a is None else a[stuck] for a in (weight, log_loss)]
    again = go_on(problem, found.x[stuck], *rows, limit)
    found = found.replaced(stuck, again)
  return found


def _from_wide(problem, x, weight, log_loss, limit) -> Polished:
  """Follows the minimum from a wide delta down to the problem's own."""
  wide = WIDEST
  while wide > NARROWING:
    loss = Loss(problem.loss.delta * wide, problem.loss.overestimate)
    x = _run(replace(problem, loss=loss), x, weight, log_loss, WIDE_LIMIT).x
    wide /= NARROWING
  return _run(problem, x, weight, log_loss, limit)


FIELDS = tuple(Polished.__dataclass_fields__)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _run(problem, start, weight, log_loss, limit) -> Polished:
  """Newton on all lanes; a finished lane's place goes to one that waits."""
  bounds = problem.bounds()
  moving = np.flatnonzero(problem.free)
  x = np.clip(np.array(start, float), *bounds)
  lanes = len(x)
  best, decrement = np.full(lanes, np.inf), np.full(lanes, np.inf)
  iterations, tired = np.zeros(lanes, int), np.zeros(lanes, int)
  damping, reach = np.zeros(lanes), np.ones(lanes)
  # An exact fit has nothing left but rounding: measure against that.
  least = 1e-28 * problem.weight.sum()
  room = max(1, CHUNK_NUMBERS // problem.rows)
  at, model, waiting = np.arange(0), None, 0

  def measure(points, rows):
    terms = evaluate(
      problem,
      points,
      weight=None if weight is None else weight[rows],
      log_loss=None if log_loss is None else log_loss[rows],
    )
    return terms.objective, _Model(terms, points, moving, bounds)

  while True:
    keep = (
      (decrement[at] > STOP) & (tired[at] < TIRED) & (iterations[at] < limit)
    )
    if not keep.all():
      at, model = at[keep], model.take(keep)
    if waiting < lanes and 4 * len(at) <= 3 * room:
      fresh = np.arange(waiting, min(waiting + room - len(at), lanes))
      waiting += len(fresh)
      best[fresh], new = measure(x[fresh], fresh)
      decrement[fresh] = new.decrement / np.maximum(best[fresh], least)
      tired[fresh[np.isinf(best[fresh])]] = 99
      model = new if model is None else model.join(new)
      at = np.concatenate([at, fresh])
      continue
    if not len(at):
      return Polished(x, best, decrement, iterations)
    trial = x[at]
    trial[:, moving], stopped, fall = model.move(damping[at], reach[at])
    objective, new = measure(trial, at)
    iterations[at] += 1
    small = decrement[at] < 1e-13
    level = np.where(small | stopped, ROUNDING, -ROUNDING)
    better = objective <= best[at] * (1 + level)
    tired[at] += small & ~(new.decrement < 0.5 * model.decrement)
    model.put(better, new)
    done, worse = at[better], at[~better]
    x[done] = trial[better]
    best[done] = objective[better]
    decrement[done] = new.decrement[better] / np.maximum(best[done], least)
    damping[done] = np.where(damping[done] > 1e-6, damping[done] * 0.15, 0.0)
    reach[done] = 1.0
    # The parabola through both ends says how far the step was too long.
    rise = np.maximum(objective[~better] - best[worse], 0.0)
    shrink = np.clip(0.5 * fall[~better] / (fall[~better] + rise), 0.1, 0.5)
    shrink[~np.isfinite(rise)] = 0.1
    reach[worse] *= shrink
    short = worse[reach[worse] < SHORTEST]
    reach[short] = 1.0
    damping[short] = np.maximum(damping[short] * 6, 1e-2)
    tired[short[damping[short] > 1e14]] = 99


class _Model:
  """The local quadratic of each lane over the moving slots.

  Scaled coordinates: divided by the square root of the curvature's diagonal.
  """

  __slots__ = (
    "along",
    "bounds",
    "decrement",
    "gradient",
    "held",
    "here",
    "matrix",
    "scale",
    "values",
    "vectors",
  )
  LANES = tuple(n for n in __slots__ if n != "bounds")

  def __init__(self, terms: Terms, x, moving, bounds):
    self.bounds = lower, upper = tuple(b[moving] for b in bounds)
    self.here = x[:, moving]
    scale = np.maximum(terms.scale, 1e-150)
    self.scale = np.where(np.isfinite(scale), scale, 1.0)
    g = terms.gradient
    self.held = (self.here <= lower) & (g > 0)
    self.held |= (self.here >= upper) & (g < 0)
    self.gradient = g / self.scale
    self.matrix = (
      terms.hessian / self.scale[:, :, None] / self.scale[:, None, :]
    )
    finite = np.isfinite(self.matrix).all(axis=(1, 2))
    finite &= np.isfinite(self.gradient).all(axis=1)
    if not finite.all():
      self.matrix[~finite], self.gradient[~finite] = np.eye(len(moving)), 0.0
    self.values, self.vectors, self.along = self.factor(slice(None))
    self.decrement = (self.along**2 / self.values).sum(1)
    self.decrement[~np.isfinite(terms.objective)] = np.inf

  def factor(self, lanes):
    """Eigenvalues by absolute value, vectors, and the gradient along them."""
    held = self.held[lanes]
    g = np.where(held, 0.0, self.gradient[lanes])
    h = np.where(held[:, :, None] | held[:, None, :], 0.0, self.matrix[lanes])
    diagonal = np.arange(h.shape[1])
    h[:, diagonal, diagonal] += held
    values, vectors = np.linalg.eigh(h)
    values = np.abs(values)
    largest = np.maximum(values.max(1, keepdims=True), 1e-100)
    values = np.maximum(values, 1e-14 * largest)
    return values, vectors, np.matmul(g[:, None, :], vectors)[:, 0]

  def step(self, damping):
    """Descent step [lanes, moving] for a damping [lanes]."""
    inner = self.along / (self.values + damping[:, None])
    return -np.matmul(self.vectors, inner[:, :, None])[:, :, 0] / self.scale

  def move(self, damping, reach):
    """The next place [lanes, moving], whether a bound cut the step, and how
    far the objective would fall along it if it were a straight line.

    Args:
      damping, reach: [lanes]; of the damped step that share is taken.

    A slot on its bound whose step leads out is held as well. The rest of the
    step is cut where it meets its first bound, so it stays a descent.
    """
    lower, upper = self.bounds
    step = self.step(damping)
    for _ in range(step.shape[1]):
      out = ((self.here <= lower) & (step < 0)) | (
        (self.here >= upper) & (step > 0)
      )
      out &= ~self.held
      lanes = np.flatnonzero(out.any(axis=1))
      if not len(lanes):
        break
      self.held[lanes] |= out[lanes]
      parts = self.factor(lanes)
      self.values[lanes], self.vectors[lanes], self.along[lanes] = parts
      step = self.step(damping)
    step = np.where(self.held, 0.0, step)
    with np.errstate(divide="ignore", invalid="ignore"):
      room = np.where(step < 0, lower - self.here, upper - self.here) / step
    room = np.where(step == 0, np.inf, np.maximum(room, 0.0))
    length = np.minimum(room.min(axis=1), reach)[:, None]
    place = self.here + length * step
    place = np.where((room <= length) & (step < 0), lower, place)
    place = np.where((room <= length) & (step > 0), upper, place)
    slope = (self.gradient * self.scale * step).sum(1)
    stopped = length[:, 0] < 1e-6 * reach
    return np.clip(place, lower, upper), stopped, -slope * length[:, 0]

  def take(self, keep):
    out = object.__new__(_Model)
    out.bounds = self.bounds
    for name in self.LANES:
      setattr(out, name, getattr(self, name)[keep])
    return out

  def join(self, other):
    """Both models' lanes, in order."""
    out = object.__new__(_Model)
    out.bounds = self.bounds
    for name in self.LANES:
      parts = getattr(self, name), getattr(other, name)
      setattr(out, name, np.concatenate(parts))
    return out

  def put(self, rows, other):
    """Takes the other model's lanes where `rows` says so."""
    for name in self.LANES:
      getattr(self, name)[rows] = getattr(other, name)[rows]
