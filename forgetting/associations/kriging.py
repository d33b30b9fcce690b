"""A new row as a draw from the Gaussian that the training rows suggest.

Universal kriging: the covariance of the training rows, a random intercept
(the additive model) and a random slope on the example means (the
multiplicative one). With n training rows T, mean mu, X = T - mu, var_j the
variance of column j, and S the measured columns of a new row y:

  C   = X'X / (n - 1) + intercept v 1 1' + slope m m',   m = mu - mean mu
  D   = diag(ridge var_j + .02 mean var)
  row = mu + C[:, S] (C[S, S] + D[S])^-1 (y_S - mu_S)

v is the variance of the training rows' means. The Student-t version gives each
measured cell a weight w = (nu + 1) / (nu + r^2), r its residual in units of
D's deviation, and solves again with D / w: a wild cell loses its say.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import ClassVar

import numpy as np

from forgetting.associations.completion import Method, Predictor, folds

FLOOR = 0.02  # of D, in units of the mean column variance
FREEDOM = 3.0  # nu
WEIGHTS = (0.05, 2.0)  # limits of w
RIDGES = (0.1, 0.3, 0.5, 1.0, 2.0)
INTERCEPTS = (1.0, 25.0)
SLOPES = (0.0, 0.05, 0.25)
ROUNDING = 1e-14  # of float32, squared


@dataclasses.dataclass(frozen=True)
class Prior:
  """What the training rows say of any row.

  Attributes:
    mean: [N] mu.
    deviations: [n, N] X / sqrt(n - 1).
    variance: [N] var_j.
    intercept: v, variance of the row means.
    slope: [N] m.
  """

  mean: np.ndarray
  deviations: np.ndarray
  variance: np.ndarray
  intercept: float
  slope: np.ndarray

  @classmethod
  def of(cls, train: np.ndarray) -> Prior:
    """The prior of training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    mean = train.mean(0)
    count = len(train)
    deviations = (train - mean) / np.sqrt(max(count - 1, 1))
    variance = np.square(deviations).sum(0) * (max(count - 1, 1) / count)
    intercept = float(train.mean(1).var())
    scale = float(np.square(mean).mean()) or 1.0
    # one row, or rows alike to the rounding of float32: the data's own scale
    if intercept <= ROUNDING * scale:
      intercept = scale
    if variance.max() <= ROUNDING * scale:
      variance = np.full_like(mean, intercept)
    return cls(mean, deviations, variance, intercept, mean - mean.mean())

  def noise(self, ridge) -> np.ndarray:
    """D's diagonal.

    Args:
      ridge: a number, or [b].

    Returns:
      [N], or [b, N].
    """
    floor = FLOOR * self.variance.mean()
    return np.multiply.outer(ridge, self.variance) + floor

  def covariance(self, known: np.ndarray, effects) -> np.ndarray:
    """C[S, S].

    Args:
      known: [k] S, the measured columns.
      effects: [..., 2] of intercept and slope.

    Returns:
      [..., k, k].
    """
    seen, slope = self.deviations[:, known], self.slope[known]
    parts = np.array([np.full((len(known),) * 2, self.intercept)])
    parts = np.concatenate([parts, np.outer(slope, slope)[None]])
    return seen.T @ seen + np.tensordot(effects, parts, axes=1)

  def respond(self, known, effects, pull) -> np.ndarray:
    """C[:, S] a + mu.

    Args:
      known: [k] S, the measured columns.
      effects: [b, 2] or [2], of intercept and slope.
      pull: [b, k] a = (C[S, S] + D[S])^-1 (y_S - mu_S).

    Returns:
      [b, N] rows.
    """
    intercept, slope = np.moveaxis(
      np.broadcast_to(effects, (len(pull), 2)), 1, 0
    )
    row = (pull @ self.deviations[:, known].T) @ self.deviations
    row += self.mean
    row += (intercept * self.intercept * pull.sum(1))[:, None]
    row += (slope * (pull @ self.slope[known]))[:, None] * self.slope
    return row


def condition(covariance, noise, residual, *, rounds: int):
  """Solves for a, cells reweighted `rounds` times.

  Args:
    covariance: [..., k, k] C[S, S].
    noise: [..., k] D[S].
    residual: [..., k] y_S - mu_S.
    rounds: 0 for the Gaussian.

  Returns:
    a [..., k] and the noise D[S] / w that it was solved with [..., k].
  """
  used = np.broadcast_to(noise, residual.shape)
  unit = np.eye(residual.shape[-1])
  for left in range(rounds, -1, -1):
    system = covariance + used[..., None] * unit
    pull = np.linalg.solve(system, residual[..., None])[..., 0]
    if left:
      squared = np.square(used * pull) / noise
      weight = np.clip((FREEDOM + 1) / (FREEDOM + squared), *WEIGHTS)
      used = noise / weight
  return pull, used


@dataclasses.dataclass(frozen=True)
class Kriging(Method):
  """The Gaussian conditional.

  Attributes:
    ridge, intercept, slope: see the equations above.
    scale: of the predictive variance, so that squared errors of left-out
      tasks are on average what it says.
  """

  ridge: float = 0.5
  intercept: float = 1.0
  slope: float = 0.05
  scale: float = 1.0
  name: ClassVar[str] = "kriging"
  rounds: ClassVar[int] = 0

  def fit(self, train: np.ndarray) -> FittedKriging:
    """Learns from training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    return FittedKriging(Prior.of(train), self)

  def candidates(self):
    """The grid of ridges, intercepts and slopes."""
    grid = itertools.product(RIDGES, INTERCEPTS, SLOPES)
    return [
      dataclasses.replace(self, ridge=r, intercept=i, slope=s)
      for r, i, s in grid
    ]

  def tuned(self, train: np.ndarray, *, known: int):
    """As for any method, with all candidates at once; sets the scale too.

    Args:
      train: [n, N] training rows without NaN.
      known: k, how many examples will be measured.
    """
    if len(train) < 3:
      return self
    candidates = self.candidates()
    ridges = np.array([c.ridge for c in candidates])
    effects = np.array([(c.intercept, c.slope) for c in candidates])
    squares = np.zeros(len(candidates))
    for fold in folds(train, known=known):
      prior = Prior.of(fold.rest)
      for columns in fold.known:
        pull, _ = condition(
          prior.covariance(columns, effects),
          prior.noise(ridges)[:, columns],
          np.tile((fold.row - prior.mean)[columns], (len(ridges), 1)),
          rounds=self.rounds,
        )
        rows = prior.respond(columns, effects, pull)
        squares += fold.squared_error(rows, columns)
    best = candidates[int(np.argmin(squares))]
    return dataclasses.replace(best, scale=best._scale(train, known))

  def _scale(self, train: np.ndarray, known: int) -> float:
    """Mean of squared error / predictive variance over left-out tasks."""
    ratios = []
    unscaled = dataclasses.replace(self, scale=1.0)
    for fold in folds(train, known=known):
      fitted, columns = unscaled.fit(fold.rest), fold.known[0]
      values = fold.row[None, columns]
      error = fitted.predict(columns, values) - fold.row
      rest = np.delete(np.arange(len(fold.row)), columns)
      variance = fitted.variance(columns, values)[0, rest]
      ratios.append(np.mean(np.square(error[0, rest]) / variance))
    return float(np.mean(ratios))


@dataclasses.dataclass(frozen=True)
class KrigingT(Kriging):
  """The Student-t version: measured cells far off lose their weight."""

  name: ClassVar[str] = "kriging_t"
  rounds: ClassVar[int] = 3


@dataclasses.dataclass(frozen=True)
class FittedKriging(Predictor):
  """A prior and the hyper-parameters to use it with."""

  prior: Prior
  method: Kriging

  @property
  def effects(self) -> np.ndarray:
    """Intercept and slope, [2]."""
    return np.array([self.method.intercept, self.method.slope])

  def predict(self, known, values):
    pull, _ = self._solve(known, values)
    return self.prior.respond(known, self.effects, pull)

  def variance(self, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Predictive variance of every cell.

    Args:
      known: [k] columns that were measured.
      values: [t, k] what was measured.

    Returns:
      [t, N], squared nats per token; 0 where it was measured.
    """
    prior = self.prior
    across = prior.deviations[:, known].T @ prior.deviations
    across += self.method.intercept * prior.intercept
    across += self.method.slope * np.outer(prior.slope[known], prior.slope)
    whole = np.square(prior.deviations).sum(0)
    whole += self.method.intercept * prior.intercept
    whole += self.method.slope * np.square(prior.slope)
    whole += prior.noise(self.method.ridge)
    covariance = prior.covariance(known, self.effects)
    _, used = self._solve(known, values)
    out = np.empty((len(values), len(whole)))
    for row, noise in enumerate(used):
      factor = np.linalg.cholesky(covariance + np.diag(noise))
      told = np.linalg.inv(factor) @ across
      out[row] = whole - np.einsum("kn,kn->n", told, told)
    out[:, known] = 0
    return self.method.scale * out

  def surprises(self, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How far each row is from what the other rows and its own cells suggest.

    The mean size of z = residual / deviation of the measured cells, each
    predicted from the others: with K = C[S, S] + D[S] / w and a of the
    equations above, z = a / sqrt(diag K^-1) (Dubrule 1983).

    Args:
      known: [k] columns that were measured.
      values: [t, k] what was measured.

    Returns:
      [t], in units of a normal's mean size: about 1 where deviations are
      right; 1 where nothing was measured.
    """
    if not len(known):
      return np.ones(len(values))
    pull, used = self._solve(known, values)
    covariance = self.prior.covariance(known, self.effects)
    unit = np.eye(len(known))
    inverse = np.linalg.inv(covariance + used[..., None] * unit)
    spread = np.sqrt(np.diagonal(inverse, axis1=-2, axis2=-1))
    return np.abs(pull / spread).mean(-1) * np.sqrt(np.pi / 2)

  def _solve(self, known, values):
    return condition(
      self.prior.covariance(known, self.effects),
      self.prior.noise(self.method.ridge)[known],
      values - self.prior.mean[known],
      rounds=self.method.rounds,
    )
