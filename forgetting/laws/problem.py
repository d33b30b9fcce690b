"""A law applied to rows: its objective with exact derivatives, many at once.

The objective is sum w huber(ln L_pred - ln L, delta), in float64. Everything
has a leading axis of lanes (starts, resamples, profile points), so that one
call evaluates them all.

Shapes: x [lanes, slots] with the amplitudes first; gradient [lanes, moving]
and hessian [lanes, moving, moving], over the slots that are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from forgetting.laws.jets import Jet, lift
from forgetting.laws.law import Law, Parameter

SLACK = 1e-4


class Slot(NamedTuple):
  """One number that a fit may move: a parameter, or its copy for a group."""

  parameter: Parameter
  group: int | None

  def inside(self, value):
    """Natural-space value of the parameter -> the fit's coordinate."""
    return np.log(value) if self.parameter.scale == "log" else value

  def outside(self, value):
    return np.exp(value) if self.parameter.scale == "log" else value

  @property
  def bounds(self) -> tuple[float, float]:
    p = self.parameter
    return self.inside(p.low), self.inside(p.high)


class Terms(NamedTuple):
  """What `evaluate` returns, a row a lane."""

  objective: np.ndarray
  gradient: np.ndarray
  hessian: np.ndarray
  scale: np.ndarray


@dataclass(frozen=True)
class Loss:
  """The loss of a log residual r = ln L_pred - ln L.

  Attributes:
    delta: Huber's threshold; 1e-8 is L1, infinity is least squares.
    overestimate: factor on rows that the law predicts too high, for tables
      in which some runs were trained badly; 1 is symmetric.
  """

  delta: float = 1e-3
  overestimate: float = 1.0

  def __call__(self, residual):
    size = np.abs(residual)
    with np.errstate(over="ignore", invalid="ignore"):
      value = np.where(
        size <= self.delta,
        0.5 * residual**2,
        self.delta * (size - 0.5 * min(self.delta, 1e300)),
      )
    return value * self.side(residual)

  def side(self, residual):
    if self.overestimate == 1:
      return 1.0
    return np.where(residual > 0, self.overestimate, 1.0)


@dataclass(frozen=True)
class Problem:
  """Rows, a law, and which of its slots may move.

  Attributes:
    values: symbol -> centred values [rows]; `lnN` beside every size `N`.
    log_loss: [rows], the log of the loss over its geometric mean.
    weight: [rows].
    group: [rows] group numbers, or None.
    free: [slots], which of them move.
    at: [slots], the values of those that do not.
    guard: weight of the law's checks in the objective; 0 ignores them.
  """

  law: Law
  slots: tuple[Slot, ...]
  values: SimpleNamespace
  log_loss: np.ndarray
  weight: np.ndarray
  free: np.ndarray
  loss: Loss = Loss()
  group: np.ndarray | None = None
  masks: tuple = field(default=(), repr=False)
  at: np.ndarray | None = None
  guard: float = 0.0

  @property
  def rows(self) -> int:
    return len(self.log_loss)

  def bounds(self) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of the slots, in the fit's coordinates."""
    pairs = np.array([slot.bounds for slot in self.slots], float)
    return pairs[:, 0], pairs[:, 1]

  def members(self, parameter: Parameter):
    """(slot index, row mask or 1) of every copy of a parameter."""
    return [
      (i, 1.0 if slot.group is None else self.masks[slot.group])
      for i, slot in enumerate(self.slots)
      if slot.parameter.name == parameter.name
    ]

  def parameter_values(self, x, *, seeded: Mapping[int, int] | None = None):
    """Parameter name -> its value a row: arrays, or jets where seeded.

    Args:
      seeded: slot -> the index of its derivatives in the jets. All other
        slots but amplitudes are then the same on every lane.
    """
    out = {}
    for parameter in self.law.parameters:
      members = self.members(parameter)
      value, grad, hess = 0.0, {}, {}
      for i, mask in members:
        here = x[:, i : i + 1]
        if seeded is not None and not (i in seeded or self.free[i]):
          here = x[:1, i : i + 1]
        outside = self.slots[i].outside(here)
        value = value + outside * mask
        if seeded and i in seeded:
          k, log = seeded[i], parameter.scale == "log"
          grad[k] = outside * mask if log else np.ones((1, 1)) * mask
          if log:
            hess[(k, k)] = grad[k]
      out[parameter.name] = Jet(value, grad, hess) if grad else value
    return out


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def predict(problem: Problem, x) -> np.ndarray:
  """Log predictions [lanes, rows] of x [lanes, slots]; nan where not > 0."""
  q = problem.parameter_values(x)
  law = problem.law
  basis = law.terms(problem.values, SimpleNamespace(**q))
  total = getattr(problem.values, law.offset) if law.offset else 0.0
  for parameter in law.amplitudes:
    total = total + q[parameter.name] * basis[parameter.name]
  shape = (len(x), problem.rows)
  total = np.broadcast_to(total, shape)
  log = np.log(np.where(total > 0, total, np.nan))
  return log * q[law.outer] if law.outer else log


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def evaluate(problem: Problem, x, *, weight=None, log_loss=None) -> Terms:
  """Objective, gradient and Hessian at x [lanes, slots].

  Args:
    weight: [lanes, rows] instead of the problem's, for pairs bootstraps.
    log_loss: [lanes, rows] instead of the problem's, for wild bootstraps.
  """
  law, slots = problem.law, problem.slots
  weight = problem.weight if weight is None else weight
  log_loss = problem.log_loss if log_loss is None else log_loss
  place = {i: k for k, i in enumerate(np.flatnonzero(problem.free))}
  seeded = {i: k for i, k in place.items() if not slots[i].parameter.amplitude}
  q = problem.parameter_values(x, seeded=seeded)
  basis = law.terms(problem.values, SimpleNamespace(**q))
  total, slope, second = _sum(problem, len(x), q, basis, place)

  log = np.log(total)
  outer = lift(q[law.outer]) if law.outer else None
  residual = (log if outer is None else outer.value * log) - log_loss
  delta = problem.loss.delta
  side = weight * problem.loss.side(residual)
  clipped = np.clip(residual, -delta, delta)
  inside = clipped == residual
  pull = side * clipped
  objective = dot(pull, residual - 0.5 * clipped)
  curve = pull / (residual + 1e-300)
  # d ln S = dS / S: dividing the rows' weights by S spares dividing slopes.
  part = 1.0 / total
  if outer is None:
    share = pull * part
    gradient = np.matmul(slope, share[:, :, None])[:, :, 0]
    part *= part
    bend = (side * inside - pull) * part
    hessian = np.matmul(slope * bend[:, None, :], slope.swapaxes(1, 2))
    curve *= part
    scale = np.matmul(slope**2, curve[:, :, None])[:, :, 0]
  else:
    slope *= part[:, None, :]
    jacobian = outer.value[..., None] * slope
    for k in outer.grad:
      jacobian[:, k] += log
    gradient = np.matmul(jacobian, pull[:, :, None])[:, :, 0]
    steer = pull * outer.value
    share = steer * part
    hessian = np.matmul(
      jacobian * (side * inside)[:, None, :], jacobian.swapaxes(1, 2)
    ) - np.matmul(slope * steer[:, None, :], slope.swapaxes(1, 2))
    cross = np.matmul(slope, pull[:, :, None])[:, :, 0]
    for k in outer.grad:
      hessian[:, k] += cross
      hessian[:, :, k] += cross
    scale = np.matmul(jacobian**2, curve[:, :, None])[:, :, 0]
  for (i, j), term in second.items():
    value = dot(share, np.broadcast_to(term, share.shape))
    hessian[:, i, j] += value
    if i != j:
      hessian[:, j, i] += value
  if law.checks and problem.guard:
    _guard(problem, x, place, objective, gradient, hessian)
  objective[np.isnan(objective)] = np.inf  # the sum was not positive
  return Terms(objective, gradient, hessian, np.sqrt(scale))


def _guard(problem: Problem, x, place, objective, gradient, hessian):
  """Adds guard / 2 sum max(0, SLACK - margin)^2 for every check of the law.

  The slack keeps the margin itself positive where the penalty pulls.
  """
  q = SimpleNamespace(**problem.parameter_values(x, seeded=place))
  for check in problem.law.checks.values():
    margin = lift(check(problem.values, q))
    shape = (len(x), problem.rows)
    lack = np.maximum(SLACK - np.broadcast_to(margin.value, shape), 0.0)
    if not lack.any():
      continue
    objective += 0.5 * problem.guard * (lack**2).sum(1)
    pull = -problem.guard * lack
    active = problem.guard * (lack > 0)
    grad = {k: np.broadcast_to(g, shape) for k, g in margin.grad.items()}
    for i, g in grad.items():
      gradient[:, i] += dot(pull, g)
      for j, h in grad.items():
        hessian[:, i, j] += dot(active * g, h)
    for (i, j), h in margin.hess.items():
      value = dot(pull, np.broadcast_to(h, shape))
      hessian[:, i, j] += value
      if i != j:
        hessian[:, j, i] += value


def broken(problem: Problem, x) -> dict[str, np.ndarray]:
  """The law's checks -> whether they fail somewhere, for each lane of x."""
  q = SimpleNamespace(**problem.parameter_values(x))
  return {
    what: ~(check(problem.values, q) >= -1e-12).all(axis=1)
    for what, check in problem.law.checks.items()
  }


def dot(a, b) -> np.ndarray:
  """Sums of products along the rows: [lanes, rows] twice -> [lanes]."""
  return np.matmul(a[:, None, :], b[:, :, None])[:, 0, 0]


def _sum(problem: Problem, lanes: int, q, basis, place):
  """S [lanes, rows], its slopes [lanes, moving, rows], its second derivatives.

  The second derivatives are sparse: (i, j) with i <= j -> [lanes, rows].
  """
  law, rows = problem.law, problem.rows
  total = np.zeros((lanes, rows))
  if law.offset:
    total += getattr(problem.values, law.offset)
  first, second = {}, {}

  def add(terms, key, value):
    terms[key] = terms[key] + value if key in terms else value

  for parameter in law.amplitudes:
    members = problem.members(parameter)
    amplitude = q[parameter.name]
    if not np.any(amplitude) and not any(i in place for i, _ in members):
      continue
    phi = lift(basis[parameter.name])
    total += amplitude * phi.value
    for k, g in phi.grad.items():
      add(first, k, amplitude * g)
    for key, h in phi.hess.items():
      add(second, key, amplitude * h)
    for i, mask in members:
      if i in place:
        add(first, place[i], times(phi.value, mask))
        for k, g in phi.grad.items():
          add(second, (place[i], k), times(g, mask))
  slope = np.empty((lanes, len(place), rows))
  for k in range(len(place)):
    slope[:, k] = first.get(k, 0.0)
  return total, slope, second


def times(value, mask):
  """value * mask, where a mask that is a number is 1."""
  return value if isinstance(mask, float) else value * mask
