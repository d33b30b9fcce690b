"""A law applied to rows: its objective with exact derivatives, many at once.

The objective is sum w huber(ln L_pred - ln L, delta), in float64. Everything
has a leading axis of lanes (starts, resamples, profile points), so that one
call evaluates them all.

Shapes: x [lanes, slots] with the amplitudes first; gradient [lanes, slots];
hessian [lanes, slots, slots].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from forgetting.laws.jets import Jet, lift
from forgetting.laws.law import Law, Parameter


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

  def parameter_values(self, x, *, seeded: frozenset[int] = frozenset()):
    """Parameter name -> its value a row: arrays, or jets where seeded."""
    out = {}
    for parameter in self.law.parameters:
      members = self.members(parameter)
      value, grad, hess = 0.0, {}, {}
      for i, mask in members:
        outside = self.slots[i].outside(x[:, i : i + 1])
        value = value + outside * mask
        if i in seeded:
          log = parameter.scale == "log"
          grad[i] = outside * mask if log else np.ones((1, 1)) * mask
          if log:
            hess[(i, i)] = grad[i]
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
  moving = [i for i in range(len(slots)) if problem.free[i]]
  seeded = frozenset(i for i in moving if not slots[i].parameter.amplitude)
  q = problem.parameter_values(x, seeded=seeded)
  basis = law.terms(problem.values, SimpleNamespace(**q))
  total, slope, second = _sum(problem, x, q, basis)

  bad = ~((total > 0) & (total < np.inf)).all(axis=1)
  if bad.any():
    total = np.where(bad[:, None], 1.0, total)
  slope /= total[:, None, :]
  log = np.log(total)
  outer = lift(q[law.outer]) if law.outer else None
  residual = (log if outer is None else outer.value * log) - log_loss
  delta = problem.loss.delta
  side = weight * problem.loss.side(residual)
  clipped = np.clip(residual, -delta, delta)
  pull = side * clipped
  inner = side * (clipped == residual)
  objective = (pull * (residual - 0.5 * clipped)).sum(1)

  jacobian = slope
  if outer is not None:
    jacobian = outer.value[..., None] * slope
    for i in outer.grad:
      jacobian[:, i] += log
  gradient = np.matmul(jacobian, pull[:, :, None])[:, :, 0]
  steer = pull if outer is None else pull * outer.value
  if outer is None:
    hessian = np.matmul(
      slope * (inner - pull)[:, None, :], slope.swapaxes(1, 2)
    )
  else:
    hessian = np.matmul(
      jacobian * inner[:, None, :], jacobian.swapaxes(1, 2)
    ) - np.matmul(slope * steer[:, None, :], slope.swapaxes(1, 2))
    for i in outer.grad:
      cross = np.matmul(slope, pull[:, :, None])[:, :, 0]
      hessian[:, i] += cross
      hessian[:, :, i] += cross
  share = steer / total
  for (i, j), term in second.items():
    value = np.einsum("ln,ln->l", share, np.broadcast_to(term, share.shape))
    hessian[:, i, j] += value
    if i != j:
      hessian[:, j, i] += value
  curve = np.where(clipped == residual, side, pull / residual)
  scale = np.sqrt(np.matmul(jacobian**2, curve[:, :, None])[:, :, 0])
  objective[bad | np.isnan(objective)] = np.inf
  return Terms(objective, gradient, hessian, scale)


def _sum(problem: Problem, x, q, basis):
  """S [lanes, rows], its slopes [lanes, slots, rows], its second derivatives.

  The second derivatives are sparse: (i, j) with i <= j -> [lanes, rows].
  """
  law, rows = problem.law, problem.rows
  total = np.zeros((len(x), rows))
  if law.offset:
    total += getattr(problem.values, law.offset)
  slope = np.zeros((len(x), len(problem.slots), rows))
  second = {}
  for parameter in law.amplitudes:
    phi, amplitude = lift(basis[parameter.name]), q[parameter.name]
    total += amplitude * phi.value
    for i, g in phi.grad.items():
      slope[:, i] += amplitude * g
    for ij, h in phi.hess.items():
      second[ij] = second.get(ij, 0.0) + amplitude * h
    for i, mask in problem.members(parameter):
      if problem.free[i]:
        slope[:, i] += phi.value * mask
        for j, g in phi.grad.items():
          second[(i, j)] = second.get((i, j), 0.0) + g * mask
  return total, slope, second
