"""The local quadratic of an objective, on many lanes, with bounds."""

import numpy as np

from forgetting.laws.objective import Terms


class Quadratic:
  """The local quadratic of each lane over the moving slots.

  Scaled coordinates: divided by the square root of the curvature's diagonal.

  Attributes:
    here: [lanes, moving], where it was made.
    bounds: lower and upper [moving].
    held: [lanes, moving], slots on a bound that the step would cross.
    gradient, matrix, scale: scaled, and by what.
    values, vectors, along: eigenvalues by absolute value, their vectors, and
      the gradient along them.
    decrement: [lanes], g' |H|^-1 g; infinite where there is no objective.
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

  def __init__(self, terms: Terms, x, moving, bounds, still=None):
    """Makes the quadratic at x [lanes, slots]; `moving` are slots' indices,
    `still` [lanes, moving] those that do not move in a lane."""
    self.bounds = lower, upper = tuple(b[moving] for b in bounds)
    self.here = x[:, moving]
    scale = np.maximum(terms.scale, 1e-150)
    self.scale = np.where(np.isfinite(scale), scale, 1.0)
    g = terms.gradient
    self.held = (self.here <= lower) & (g > 0)
    self.held |= (self.here >= upper) & (g < 0)
    if still is not None:
      self.held |= still
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
    """Takes the matrices of some lanes apart, held slots left out.

    Args:
      lanes: which, as an index.

    Returns:
      eigenvalues by absolute value [lanes, moving], vectors, and the gradient
      along them.
    """
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
    """The descent step [lanes, moving] for a damping [lanes]."""
    inner = self.along / (self.values + damping[:, None])
    return -np.matmul(self.vectors, inner[:, :, None])[:, :, 0] / self.scale

  def move(self, damping, reach):
    """Takes a step of every lane inside the bounds.

    A slot on its bound whose step leads out is held as well. The rest of the
    step is cut where it meets its first bound, so it stays a descent.

    Args:
      damping, reach: [lanes]; of the damped step that share is taken.

    Returns:
      the next point [lanes, moving], whether a bound cut the step [lanes], and
      how far the objective would fall along it if it were a straight line.
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
    point = self.here + length * step
    point = np.where((room <= length) & (step < 0), lower, point)
    point = np.where((room <= length) & (step > 0), upper, point)
    slope = (self.gradient * self.scale * step).sum(1)
    stopped = length[:, 0] < 1e-6 * reach
    return np.clip(point, lower, upper), stopped, -slope * length[:, 0]

  def take(self, keep):
    """Those lanes alone."""
    out = object.__new__(Quadratic)
    out.bounds = self.bounds
    for name in self.LANES:
      setattr(out, name, getattr(self, name)[keep])
    return out

  def join(self, other):
    """The lanes of both, in order."""
    out = object.__new__(Quadratic)
    out.bounds = self.bounds
    for name in self.LANES:
      parts = getattr(self, name), getattr(other, name)
      setattr(out, name, np.concatenate(parts))
    return out

  def put(self, rows, other):
    """Takes the other's lanes where `rows` says so."""
    for name in self.LANES:
      getattr(self, name)[rows] = getattr(other, name)[rows]
