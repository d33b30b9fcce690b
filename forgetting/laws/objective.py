"""The objective of a fit, with exact derivatives, on many lanes at once.

It is sum w huber(ln L_pred - ln L, delta), in float64, plus a penalty where a
law's own checks are broken.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from forgetting.laws.jets import lift
from forgetting.laws.problem import Problem, predict

SLACK = 1e-4


class Terms(NamedTuple):
  """An objective and its derivatives, over the slots that move.

  Attributes:
    objective: [lanes].
    gradient: [lanes, moving].
    hessian: [lanes, moving, moving].
    scale: [lanes, moving], root of the curvature that the residuals alone
      have, which makes steps comparable.
  """

  objective: np.ndarray
  gradient: np.ndarray
  hessian: np.ndarray
  scale: np.ndarray


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def evaluate(
  problem: Problem, x, *, weight=None, log_loss=None, values=None
) -> Terms:
  """Computes the objective with its exact derivatives.

  Args:
    problem: the law, the rows, and which slots move.
    x: [lanes, slots].
    weight: [lanes, rows] instead of the problem's, for pairs bootstraps.
    log_loss: [lanes, rows] instead of the problem's, for wild bootstraps.
    values: symbol -> [lanes, rows] instead of the problem's, for lanes of
      several tables.

  Returns:
    Terms; the objective is infinite where the law gives no positive loss.
  """
  law, slots = problem.law, problem.slots
  weight = problem.weight if weight is None else weight
  log_loss = problem.log_loss if log_loss is None else log_loss
  values = problem.values if values is None else values
  order = {i: k for k, i in enumerate(np.flatnonzero(problem.free).tolist())}
  seeded = {i: k for i, k in order.items() if not slots[i].parameter.amplitude}
  q = problem.parameter_values(x, seeded=seeded)
  basis = law.terms(values, SimpleNamespace(**q))
  total, slope, second = _sum(problem, values, len(x), q, basis, order)

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
    if term.shape != share.shape:
      term = np.broadcast_to(term, share.shape)
    value = dot(share, term)
    hessian[:, i, j] += value
    if i != j:
      hessian[:, j, i] += value
  if law.checks and problem.guard:
    _guard(problem, values, x, order, objective, gradient, hessian)
  objective[np.isnan(objective)] = np.inf  # the sum was not positive
  return Terms(objective, gradient, hessian, np.sqrt(scale))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def objective_at(
  problem: Problem, x, *, weight=None, log_loss=None, values=None
):
  """Computes the objective alone, [lanes]: see `evaluate`."""
  weight = problem.weight if weight is None else weight
  log_loss = problem.log_loss if log_loss is None else log_loss
  values = problem.values if values is None else values
  residual = predict(problem, x, values=values) - log_loss
  objective = (weight * problem.loss(residual)).sum(1)
  if problem.law.checks and problem.guard:
    q = SimpleNamespace(**problem.parameter_values(x))
    for check in problem.law.checks.values():
      lack = np.maximum(SLACK - check(values, q), 0.0)
      objective += 0.5 * problem.guard * (lack**2).sum(1)
  return np.where(np.isnan(objective), np.inf, objective)


def _guard(problem: Problem, values, x, order, objective, gradient, hessian):
  """Adds guard / 2 sum max(0, SLACK - margin)^2 for every check of the law.

  The slack keeps the margin itself positive where the penalty pulls.
  """
  q = SimpleNamespace(**problem.parameter_values(x, seeded=order))
  for check in problem.law.checks.values():
    margin = lift(check(values, q))
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


def dot(a, b) -> np.ndarray:
  """Sums of products along the rows: [lanes, rows] twice -> [lanes]."""
  return np.einsum("lr,lr->l", a, b)


def _sum(problem: Problem, values, lanes: int, q, basis, order):
  """S [lanes, rows], its slopes [lanes, moving, rows], its second derivatives.

  The second derivatives are sparse: (i, j) with i <= j -> [lanes, rows].
  """
  law, rows = problem.law, problem.rows
  total = np.zeros((lanes, rows))
  if law.offset:
    total += getattr(values, law.offset)
  first: dict[int, np.ndarray] = {}
  second: dict[tuple[int, int], np.ndarray] = {}

  def add(terms, key, value):
    terms[key] = terms[key] + value if key in terms else value

  for parameter in law.amplitudes:
    members = problem.members(parameter)
    amplitude = q[parameter.name]
    if not np.any(amplitude) and not any(i in order for i, _ in members):
      continue
    phi = lift(basis[parameter.name])
    total += amplitude * phi.value
    for k, g in phi.grad.items():
      add(first, k, amplitude * g)
    for key, h in phi.hess.items():
      add(second, key, amplitude * h)
    for i, mask in members:
      if i in order:
        add(first, order[i], times(phi.value, mask))
        for k, g in phi.grad.items():
          add(second, (order[i], k), times(g, mask))
  slope = np.empty((lanes, len(order), rows))
  for k in range(len(order)):
    slope[:, k] = first.get(k, 0.0)
  return total, slope, second


def times(value, mask):
  """Multiplies by a mask; one that is a number is 1."""
  return value if isinstance(mask, float) else value * mask
