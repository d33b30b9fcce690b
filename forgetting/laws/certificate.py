"""What a fit can prove about itself, and what it cannot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forgetting.laws import table as tables
from forgetting.laws.newton import Polished
from forgetting.laws.objective import evaluate
from forgetting.laws.problem import Problem, broken, predict

AGREE = 1e-6
OPTIMAL = 1e-8


@dataclass(frozen=True)
class Certificate:
  """The evidence that a fit is the optimum, and how firm it stands.

  Attributes:
    gradient: length of the gradient in units of the curvature, relative to
      the objective: sqrt(g' |H|^-1 g / f). Below 1e-6 is a stationary point.
    starts, agree: how many starts, and the share that ended at the optimum
      (within 1e-6 of the objective).
    next_basin: relative gap to the next local minimum found, or None.
    smallest_eigenvalue, condition: of the Hessian in scaled coordinates.
    at_bounds: parameters on a bound.
    levels: distinct values an axis.
    dof: rows minus fitted parameters.
    noise: robust standard deviation of the log residuals.
    signal: for laws of forgetting the largest measured forgetting as a share
      of the loss, else the spread of ln L.
    broken: the law's own checks that do not hold.
  """

  gradient: float
  starts: int
  agree: float
  next_basin: float | None
  smallest_eigenvalue: float
  condition: float
  at_bounds: tuple[str, ...]
  levels: dict[str, int]
  dof: int
  noise: float
  signal: float
  broken: tuple[str, ...]

  @property
  def signal_to_noise(self) -> float:
    """The signal over the noise of a run."""
    return self.signal / max(self.noise, 1e-12)

  @property
  def holds(self) -> bool:
    """A stationary point, a minimum, and more than one start got there."""
    return (
      self.gradient < 1e-6
      and self.smallest_eigenvalue > -OPTIMAL
      and self.agree * self.starts >= min(2, self.starts) - 0.5
      and not self.broken
    )

  def __str__(self) -> str:
    basin = (
      "no other basin found"
      if self.next_basin is None
      else f"next basin {100 * self.next_basin:.2g} % higher"
    )
    levels = ", ".join(f"{k} {v}" for k, v in self.levels.items())
    parts = [
      f"{round(self.agree * self.starts)} of {self.starts} starts agree",
      basin,
      f"gradient {self.gradient:.1g}",
      f"condition {self.condition:.3g}",
      f"levels {levels}",
      f"{self.dof} degrees of freedom",
      f"signal to noise {self.signal_to_noise:.3g}",
    ]
    if self.at_bounds:
      parts.append("on a bound: " + ", ".join(self.at_bounds))
    parts += [f"does not hold: {what}" for what in self.broken]
    head = "certificate holds" if self.holds else "NO CERTIFICATE"
    return f"{head}: " + "; ".join(parts)


def certify(problem: Problem, data, lanes: Polished, best: int) -> Certificate:
  """Gathers the evidence for an optimum.

  Args:
    problem: the law, the rows, and which slots move.
    data: its `Data`, for the levels of each axis.
    lanes: all starts, polished.
    best: the lane that is taken for the optimum.
  """
  x = lanes.x[best : best + 1]
  f = lanes.objective[best]
  residual = predict(problem, x)[0] - problem.log_loss
  free = int(problem.free.sum())
  smallest, condition = _curvature(problem, x)
  return Certificate(
    gradient=float(np.sqrt(max(lanes.decrement[best], 0.0))),
    starts=len(lanes.objective),
    agree=float(np.mean(lanes.objective <= f * (1 + AGREE) + 1e-30)),
    next_basin=_gap(lanes, f),
    smallest_eigenvalue=smallest,
    condition=condition,
    at_bounds=_at_bounds(problem, x[0]),
    levels={
      symbol: tables.levels(values)
      for symbol, values in data.values.items()
      if problem.law.variables[symbol].levels
    },
    dof=len(residual) - free,
    noise=noise_of(residual, free),
    signal=_signal(problem),
    broken=tuple(
      what for what, fails in broken(problem, x).items() if fails[0]
    ),
  )


def noise_of(residual, free: int) -> float:
  """Estimates the noise of a run robustly.

  Args:
    residual: [rows], of log losses.
    free: how many parameters were fitted; the estimate is widened for them.

  Returns:
    a standard deviation of ln L.
  """
  n = len(residual)
  spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
  root = np.sqrt(np.mean(residual**2))
  # Half of the residuals of a barely determined robust fit are zero.
  return float(max(spread, 0.5 * root) * np.sqrt(n / max(n - free, 1)))


def _gap(lanes: Polished, f: float) -> float | None:
  other = lanes.objective[
    lanes.converged & (lanes.objective > f * (1 + AGREE) + 1e-30)
  ]
  other = other[np.isfinite(other)]
  return float(other.min() / f - 1) if len(other) and f > 0 else None


@np.errstate(over="ignore")  # of what is flat the condition is infinite
def _curvature(problem: Problem, x) -> tuple[float, float]:
  inside = np.flatnonzero(~_on_bound(problem, x[0])[problem.free])
  if not len(inside):
    return 0.0, 1.0
  terms = evaluate(problem, x)
  scale = np.maximum(terms.scale[0, inside], 1e-150)
  matrix = terms.hessian[0][np.ix_(inside, inside)] / scale / scale[:, None]
  values = np.linalg.eigvalsh(matrix)
  size = np.abs(values)
  return float(values[0]), float(size.max() / max(size.min(), 1e-300))


def _on_bound(problem: Problem, x) -> np.ndarray:
  lower, upper = problem.bounds()
  with np.errstate(invalid="ignore"):
    near = 1e-9 * (1 + np.abs(x))
    return (x <= lower + near) | (x >= upper - near)


def _at_bounds(problem: Problem, x) -> tuple[str, ...]:
  hit = _on_bound(problem, x) & problem.free
  names = [problem.slots[i].parameter.name for i in np.flatnonzero(hit)]
  return tuple(dict.fromkeys(names))


def _signal(problem: Problem) -> float:
  log_loss = problem.log_loss
  if problem.law.offset:
    base = getattr(problem.values, problem.law.offset)
    return float(np.max(np.abs(1 - base / np.exp(log_loss))))
  return float(np.ptp(log_loss))
