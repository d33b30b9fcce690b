"""Least squares for the rate of exchange, of many resamples at once.

    F = A_g / (1 + B_g q^s R)^c

with a height and an effect a cell g, and q for the rows s of the source. Points
are [lanes, parameters]: ln A and ln B of each cell, c, q. Levenberg and
Marquardt's steps, by exact derivatives, within bounds.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from forgetting.laws.uncertainty import webb

STEPS = 120
SHAPES, RATES = (0.3, 0.6, 1.2), (0.1, 0.5, 1.0)  # starts of c and of q
C_BOUNDS, Q_BOUNDS = (0.05, 3.0), (0.0, 20.0)
BEYOND = 100.0  # times the tokens injected: how far 1/B may lie outside them
SMALLEST = 1e-6  # nats a token
SEED = 4


@dataclasses.dataclass(frozen=True)
class Rows:
  """Runs that inject a source or the parent's own corpus, or nothing.

  Attributes:
    injected: R = p T, [rows].
    of_source: 1 where that is of the source, else 0, [rows].
    cell: [rows], numbers.
    loss: forgetting, nats a token, [rows].
  """

  injected: np.ndarray
  of_source: np.ndarray
  cell: np.ndarray
  loss: np.ndarray

  def only(self, which) -> Rows:
    """Some of the rows; cells keep their numbers.

    Args:
      which: bool [rows].
    """
    return Rows(
      self.injected[which],
      self.of_source[which],
      self.cell[which],
      self.loss[which],
    )


@dataclasses.dataclass(frozen=True)
class Exchange:
  """The fit of one source.

  Attributes:
    rows: that it was fitted to.
    x: the optimum, [parameters].
    cells: numbers of the cells that it knows.
    fixed: q, where it was not fitted.
  """

  rows: Rows
  x: np.ndarray
  cells: np.ndarray
  fixed: float | None

  @property
  def q(self) -> float:
    """Tokens of the corpus that one of the source is worth."""
    return float(self.x[-1])

  def error(self, rows: Rows) -> float:
    """Mean absolute error of forgetting, nats a token.

    Args:
      rows: of the cells that it knows.
    """
    predicted, _ = _model(self.x[None], rows, self.cells)
    return float(np.mean(np.abs(predicted[0] - rows.loss)))


def fit(rows: Rows, *, q: float | None = None) -> Exchange:
  """Fits the law to runs.

  Args:
    rows: with some of the source and some of the own corpus.
    q: a value that it is held at; None: fitted.
  """
  cells = np.unique(rows.cell)
  starts = np.stack(
    [
      _start(rows, cells, c, rate if q is None else q)
      for c, rate in itertools.product(SHAPES, RATES)
    ]
  )
  x, cost = _polished(starts, rows, cells, rows.loss[None], fixed=q is not None)
  return Exchange(rows, x[np.argmin(cost)], cells, q)


def resampled(found: Exchange, draws: int) -> np.ndarray:
  """q of a wild bootstrap, which keeps what was injected where.

  Residuals, corrected for what the fit absorbed, are multiplied by one random
  number of mean 0 and variance 1 a run.

  Args:
    found: q of it was fitted.
    draws: how many.

  Returns:
    [draws].
  """
  rows = found.rows
  predicted, slopes = _model(found.x[None], rows, found.cells)
  left, values, _ = np.linalg.svd(slopes[0], full_matrices=False)
  kept = values > 1e-9 * max(values.max(), 1e-300)
  leverage = np.minimum((left[:, kept] ** 2).sum(1), 0.9)
  residual = (rows.loss - predicted[0]) / np.sqrt(1 - leverage)
  factor = webb(np.random.default_rng(SEED), (draws, len(residual)))
  starts = np.repeat(found.x[None], draws, axis=0)
  x, _ = _polished(
    starts, rows, found.cells, predicted + factor * residual, fixed=False
  )
  return x[:, -1]


def _start(rows: Rows, cells, c: float, q: float) -> np.ndarray:
  height = [max(rows.loss[rows.cell == cell].max(), SMALLEST) for cell in cells]
  scale = np.median(rows.injected[rows.injected > 0])
  effects = np.full(len(cells), -np.log(scale))
  return np.concatenate([np.log(height), effects, [c, q]])


def _model(x, rows: Rows, cells):
  """Forgetting [lanes, rows] and its derivatives [lanes, rows, parameters]."""
  count = len(cells)
  at = np.searchsorted(cells, rows.cell)
  height, effect = np.exp(x[:, at]), np.exp(x[:, count + at])
  c, q = x[:, -2, None], x[:, -1, None]
  own = np.where(rows.of_source > 0, q, 1.0)
  injected = effect * own * rows.injected
  log = np.log1p(injected)
  value = height * np.exp(-c * log)
  by_injected = -c * value / (1 + injected)
  slopes = np.zeros((*value.shape, x.shape[1]))
  each = np.arange(len(at))
  slopes[:, each, at] = value
  slopes[:, each, count + at] = by_injected * injected
  slopes[:, :, -2] = -log * value
  slopes[:, :, -1] = by_injected * effect * rows.injected * rows.of_source
  return value, slopes


def _polished(x, rows: Rows, cells, loss, *, fixed: bool):
  """Every lane's minimum from its start.

  Args:
    x: [lanes, parameters].
    loss: [lanes or 1, rows].
    fixed: whether q stays.

  Returns:
    points, and sums of squares [lanes].
  """
  count = len(cells)
  most = rows.injected.max()
  least = rows.injected[rows.injected > 0].min()
  low = np.concatenate(
    [
      np.full(count, np.log(SMALLEST)),
      np.full(count, -np.log(BEYOND * most)),
      [C_BOUNDS[0], Q_BOUNDS[0]],
    ]
  )
  high = np.concatenate(
    [
      np.full(count, np.log(1e3)),
      np.full(count, np.log(BEYOND / least)),
      [C_BOUNDS[1], Q_BOUNDS[1]],
    ]
  )
  x, damp = np.clip(x, low, high), np.full(len(x), 1e-2)
  value, slopes = _model(x, rows, cells)
  residual = value - loss
  cost = (residual**2).sum(1)
  for _ in range(STEPS):
    gradient = np.einsum("lrp,lr->lp", slopes, residual)
    # what is at its bound and wants beyond it stays there
    stuck = ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))
    stuck[:, -1] |= fixed
    free = np.where(stuck[:, None, :], 0.0, slopes)
    gradient = np.where(stuck, 0.0, gradient)
    squares = np.einsum("lrp,lrq->lpq", free, free)
    size = np.einsum("lpp->lp", squares)
    eye = np.eye(x.shape[1])
    damped = squares + eye * (damp[:, None] * size + 1e-12)[:, None, :]
    step = np.linalg.solve(damped, gradient[..., None])[..., 0]
    trial = np.clip(x - step, low, high)
    trial_value, trial_slopes = _model(trial, rows, cells)
    trial_residual = trial_value - loss
    trial_cost = (trial_residual**2).sum(1)
    better = trial_cost < cost
    x = np.where(better[:, None], trial, x)
    slopes = np.where(better[:, None, None], trial_slopes, slopes)
    residual = np.where(better[:, None], trial_residual, residual)
    cost = np.where(better, trial_cost, cost)
    damp = np.clip(np.where(better, damp / 3, damp * 4), 1e-9, 1e9)
  return x, cost
