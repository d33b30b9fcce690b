"""Damped Newton in float64 for many small problems at once.

Exact Hessians with eigenvalues by absolute value, bounds by active sets, and
only decreases accepted. Scales of the objective do not matter: steps are in
units of the curvature, and the stop is relative to the objective. Where the
noise is far above Huber's delta, few rows lie inside it and Newton creeps
from kink to kink; those lanes come again from a wide delta that is halved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forgetting.laws.problem import Loss, Problem, Terms, evaluate

CHUNK_NUMBERS = 16_000
STOP = 1e-19
CONVERGED = 1e-12
ROUNDING = 4e-16
FIRST_LIMIT = 40
WIDENINGS = 7


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
    for name in self.__dataclass_fields__:
      left, right = getattr(self, name), getattr(other, name)
      mask = take[:, None] if left.ndim == 2 else take
      columns.append(np.where(mask, right, left))
    return Polished(*columns)


def polish(
  problem: Problem, start, *, weight=None, log_loss=None, limit=200
) -> Polished:
  """Runs every lane to its local minimum.

  Args:
    start: [lanes, slots] in the fit's coordinates.
    weight, log_loss: [lanes, rows] instead of the problem's.
    limit: iterations at most; a lane that needs more has a decrement to show.
  """
  first = _run(problem, start, weight, log_loss, min(limit, FIRST_LIMIT))
  stuck = np.flatnonzero(~first.converged & np.isfinite(first.objective))
  if not len(stuck) or limit <= FIRST_LIMIT:
    return first
  rows = [None if a is None else a[stuck] for a in (weight, log_loss)]
  x = first.x[stuck]
  for power in range(WIDENINGS, 0, -1):
    wide = Loss(problem.loss.delta * 2**power, problem.loss.overestimate)
    x = _run(replace(problem, loss=wide), x, *rows, 15).x
  again = _run(problem, x, *rows, limit)
  old = Polished(*(getattr(first, n)[stuck] for n in FIELDS))
  # Both are minima of the same lane: a widened path may end in a worse one.
  kept = again.better(old)
  columns = [getattr(first, n).copy() for n in FIELDS]
  for column, name in zip(columns, FIELDS, strict=True):
    column[stuck] = getattr(kept, name)
  return Polished(*columns)


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
  damping = np.zeros(lanes)
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
    keep = (decrement[at] > STOP) & (tired[at] < 6) & (iterations[at] < limit)
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
    trial[:, moving], stopped = model.move(damping[at])
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
    damping[worse] = np.maximum(damping[worse] * 6, 1e-2)
    tired[worse[damping[worse] > 1e14]] = 99


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
    scale = np.maximum(terms.scale[:, moving], 1e-150)
    self.scale = np.where(np.isfinite(scale), scale, 1.0)
    g = terms.gradient[:, moving]
    self.held = (self.here <= lower) & (g > 0)
    self.held |= (self.here >= upper) & (g < 0)
    self.gradient = g / self.scale
    h = terms.hessian[:, moving[:, None], moving]
    self.matrix = h / self.scale[:, :, None] / self.scale[:, None, :]
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

  def move(self, damping):
    """The next place [lanes, moving], and whether a bound cut the step.

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
    length = np.minimum(room.min(axis=1), 1.0)[:, None]
    place = self.here + length * step
    place = np.where((room <= length) & (step < 0), lower, place)
    place = np.where((room <= length) & (step > 0), upper, place)
    return np.clip(place, lower, upper), length[:, 0] < 1e-6

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
