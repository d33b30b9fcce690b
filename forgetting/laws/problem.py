"""A law applied to rows: what is fitted, and what it predicts.

Everything has a leading axis of lanes (starts, resamples, profile points), so
that one call serves them all. Points x are [lanes, slots] in the fit's
coordinates, the amplitudes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from forgetting.laws.jets import Jet
from forgetting.laws.law import Law, Parameter


class Slot(NamedTuple):
  """One number that a fit may move: a parameter, or its copy for a group.

  Attributes:
    parameter: which.
    group: the number of the group whose own it is; None is all rows'.
  """

  parameter: Parameter
  group: int | None

  def inside(self, value):
    """Turns the parameter's value into the fit's coordinate."""
    return np.log(value) if self.parameter.scale == "log" else value

  def outside(self, value):
    """Turns the fit's coordinate into the parameter's value."""
    return np.exp(value) if self.parameter.scale == "log" else value

  @property
  def bounds(self) -> tuple[float, float]:
    """Lower and upper bound, in the fit's coordinates."""
    p = self.parameter
    return self.inside(p.low), self.inside(p.high)


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
    """The loss of each log residual, of the residuals' shape."""
    size = np.abs(residual)
    with np.errstate(over="ignore", invalid="ignore"):
      value = np.where(
        size <= self.delta,
        0.5 * residual**2,
        self.delta * (size - 0.5 * min(self.delta, 1e300)),
      )
    return value * self.side(residual)

  def side(self, residual):
    """The factor on each residual's row: `overestimate` where it is above 0."""
    if self.overestimate == 1:
      return 1.0
    return np.where(residual > 0, self.overestimate, 1.0)


@dataclass(frozen=True)
class Problem:
  """Rows, a law, and which of its slots may move.

  Attributes:
    law: what is applied to the rows.
    slots: the numbers of a point x, in order.
    values: symbol -> centred values [rows]; `lnN` beside every size `N`.
    log_loss: [rows], the log of the loss over its geometric mean.
    weight: [rows].
    group: [rows] group numbers, or None; masks: [rows] 0/1 of each group.
    free: [slots], which of them move.
    loss: of a log residual.
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
    """How many rows there are."""
    return len(self.log_loss)

  def reweighted(self, factors) -> list[Problem]:
    """The problem with other weights of its rows.

    Args:
      factors: [parts, rows], 0 for a row that a part does not see.
    """
    return [replace(self, weight=self.weight * factor) for factor in factors]

  def bounds(self) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of the slots, in the fit's coordinates."""
    pairs = np.array([slot.bounds for slot in self.slots], float)
    return pairs[:, 0], pairs[:, 1]

  def members(self, parameter: Parameter):
    """Lists (slot index, row mask or 1) of every copy of a parameter."""
    return self._members.get(parameter.name, [])

  @cached_property
  def _members(self) -> dict[str, list]:
    # asked for at each step of each fit
    out: dict[str, list] = {}
    for i, slot in enumerate(self.slots):
      mask = 1.0 if slot.group is None else self.masks[slot.group]
      out.setdefault(slot.parameter.name, []).append((i, mask))
    return out

  def parameter_values(self, x, *, seeded: Mapping[int, int] | None = None):
    """Tells what each parameter is at each row.

    Args:
      x: [lanes, slots].
      seeded: slot -> the index of its derivatives in the jets. All other
        slots but amplitudes are then the same on every lane.

    Returns:
      name -> values that broadcast to [lanes, rows]: jets where seeded.
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
def predict(problem: Problem, x, *, values=None) -> np.ndarray:
  """Predicts the log of the loss over its unit.

  Args:
    problem: the law and the rows.
    x: [lanes, slots].
    values: symbol -> [lanes, rows] instead of the problem's.

  Returns:
    [lanes, rows]; NaN where the law gives no positive loss.
  """
  q = problem.parameter_values(x)
  law, values = problem.law, problem.values if values is None else values
  basis = law.terms(values, SimpleNamespace(**q))
  total = getattr(values, law.offset) if law.offset else 0.0
  for parameter in law.amplitudes:
    total = total + q[parameter.name] * basis[parameter.name]
  shape = (len(x), problem.rows)
  total = np.broadcast_to(total, shape)
  log = np.log(np.where(total > 0, total, np.nan))
  return log * q[law.outer] if law.outer else log


def broken(problem: Problem, x) -> dict[str, np.ndarray]:
  """Tells which of the law's checks fail on some row.

  Args:
    problem: the law and the rows.
    x: [lanes, slots].

  Returns:
    what a check says -> [lanes], whether it fails.
  """
  q = SimpleNamespace(**problem.parameter_values(x))
  return {
    what: ~(check(problem.values, q) >= -1e-12).all(axis=1)
    for what, check in problem.law.checks.items()
  }
