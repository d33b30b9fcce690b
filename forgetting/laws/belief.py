"""What a fit believes around one basin, and what a new run would teach it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEP = 1e-5
PRIOR_SPREAD = 3.0


@dataclass
class Belief:
  """What is believed of one basin: that it is the true one, and how exactly.

  Attributes:
    weight: of the basin; all weights sum to 1.
    covariance: [parameters, parameters].
    candidates, targets: gradients of ln L [points, parameters] there.
    at_candidates, at_targets: ln L [points] there.
  """

  weight: float
  covariance: np.ndarray
  candidates: np.ndarray
  targets: np.ndarray
  at_candidates: np.ndarray
  at_targets: np.ndarray

  @classmethod
  def of(cls, fitted, x, weight, targets, candidates, noise):
    """Makes the belief around a point of a fit.

    Args:
      fitted: a Fit that still has its data.
      x: [slots], the basin's minimum.
      weight: of the basin.
      targets, candidates: points, as of `candidates.grid`.
      noise: standard deviation of ln L of a run.
    """
    moving = np.flatnonzero(fitted.own_problem.free)

    def losses(part, points):
      full = x.copy()
      full[moving] = part
      values = {k: np.array([q[k] for q in points]) for k in "NDp"}
      values["L0"] = np.array([fitted.base_loss(q["N"]) for q in points])
      if fitted.schedule is not None:
        asked = (values[k] for k in "NDp")
        values["T"] = fitted.schedule.trained(*asked)
      return np.log(fitted.losses(full[None], values)[0])

    def measured(part, points):
      full = x.copy()
      full[moving] = part
      return np.log(fitted.losses(full[None], fitted.own_data.values)[0])

    jacobian = slopes(measured, x[moving], None)
    information = jacobian.T @ jacobian / noise**2
    # A weak prior of a factor e^3 keeps unidentified directions finite.
    spread = PRIOR_SPREAD * np.maximum(np.abs(x[moving]), 1.0)
    covariance = np.linalg.inv(information + np.diag(1 / spread**2))
    return cls(
      weight,
      covariance,
      slopes(losses, x[moving], candidates),
      slopes(losses, x[moving], targets),
      losses(x[moving], candidates),
      losses(x[moving], targets),
    )

  def gains(self, noise: float) -> np.ndarray:
    """Tells by how much each candidate would lower the targets' variance.

    Args:
      noise: standard deviation of ln L of a run.

    Returns:
      [candidates], means over the targets of ln L's variance.
    """
    reach = self.targets @ self.covariance @ self.candidates.T
    own = np.einsum(
      "ci,ij,cj->c", self.candidates, self.covariance, self.candidates
    )
    return (reach**2).mean(0) / (noise**2 + own)

  def learn(self, index: int, noise: float):
    """Takes a candidate for run, with that noise: the covariance shrinks."""
    j = self.candidates[index]
    step = self.covariance @ j
    self.covariance = self.covariance - np.outer(step, step) / (
      noise**2 + j @ step
    )

  def variance(self) -> float:
    """The variance of ln L at the targets, by mean."""
    return float(
      np.einsum(
        "ti,ij,tj->t", self.targets, self.covariance, self.targets
      ).mean()
    )


def between(weight, values) -> np.ndarray:
  """Computes the variance between the basins' predictions.

  Args:
    weight: [basins, 1], summing to 1.
    values: [basins, points].

  Returns:
    [points].
  """
  mean = (weight * values).sum(0)
  return (weight * (values - mean) ** 2).sum(0)


def slopes(function, x, points) -> np.ndarray:
  """Differentiates by central differences.

  Args:
    function: (x [parameters], points) -> [points].
    x, points: where.

  Returns:
    d function / dx [points, parameters].
  """
  columns = []
  for i in range(len(x)):
    step = STEP * max(abs(x[i]), 0.1)
    up, down = x.copy(), x.copy()
    up[i] += step
    down[i] -= step
    columns.append((function(up, points) - function(down, points)) / (2 * step))
  return np.nan_to_num(np.stack(columns, axis=1))
