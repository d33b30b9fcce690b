"""The authors' biased matrix factorisation: a peer, not our choice.

  z[i, j] = mu + b_i + c_j + p_i . q_j

by stochastic gradient descent, cell after cell in row order, as the Surprise
library's `SVD` does it with Jin & Ren's settings: 5 factors, 1,000 epochs,
learning rate .005, no regularisation, factors drawn with deviation .001. With
e the error of a cell before its visit and r the rate, a visit adds

  r e to b_i and to c_j,  r e q_j to p_i,  r e p_i to q_j

The new task is the last row, of which only the measured cells are visited.

The order matters and is kept. Cell (i, j) needs q_j from row i - 1 and p_i
from column j - 1, so all cells with i + j = t can be visited at once: row i
is a lane, and at step t it stands at column t - i. Epochs follow each other
without a gap. New tasks know nothing of each other and are fitted side by side,
those of several draws of the measured examples together: a step of 200 tasks
costs twice what one of 20 does.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import itertools
from typing import ClassVar

import numpy as np

from forgetting.associations.completion import Draw, Method, Predictor

TOGETHER = 1 << 18  # columns x new tasks side by side: 1 MiB a factor


@dataclasses.dataclass(frozen=True)
class AuthorsFactorisation(Method):
  """Settings of the fit, the authors' by default.

  Attributes:
    factors: length of p and q.
    epochs: passes over all cells.
    rate: of learning.
    deviation: of the factors' first values.
    seed: of those values; the columns that are known change it too.
  """

  factors: int = 5
  epochs: int = 1000
  rate: float = 0.005
  deviation: float = 0.001
  seed: int = 0
  name: ClassVar[str] = "authors_mf"
  slow: ClassVar[bool] = True

  def fit(self, train: np.ndarray) -> Predictor:
    """Keeps the training rows: they are fitted anew together with the new ones.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    return _Factorisation(train, self)


@dataclasses.dataclass(frozen=True)
class _Factorisation(Predictor):
  train: np.ndarray
  method: AuthorsFactorisation

  def predict(self, known, values):
    [rows] = self.predict_each([(known, values)])
    return rows

  def predict_each(self, draws):
    tasks = sum(len(values) for _, values in draws)
    count = min(-(-tasks * self.train.shape[1] // TOGETHER), len(draws))
    bounds = np.linspace(0, len(draws), count + 1).astype(int)
    out = []
    for first, last in itertools.pairwise(bounds):
      out += self._together(draws[first:last])
    return out

  def _together(self, draws: Sequence[Draw]) -> list[np.ndarray]:
    rows, columns = self.train.shape
    # as many columns as lanes, or a column would come back before it has left
    width = max(columns, rows + 1)
    starts = [self._start(known, values, width) for known, values in draws]
    values, seen, mean, p, q = (
      np.concatenate(parts, -1, dtype=np.float32)
      for parts in zip(*starts, strict=True)
    )
    cells, rates = np.zeros((2, rows, width), np.float32)
    cells[:, :columns] = self.train
    rates[:, :columns] = self.method.rate  # 0: nothing to visit
    row, column = _descend(
      _by_step(cells),
      _by_step(rates),
      values,
      seen * np.float32(self.method.rate),
      _lanes(p, mean),
      _columns(q),
      epochs=self.method.epochs,
    )
    found = np.einsum("ft,fjt->tj", row, column[:, :columns])
    return np.split(found, np.cumsum([len(v) for _, v in draws])[:-1])

  def _start(self, known, values, width: int):
    """Values and seen [W, T], mu [T], first p and q [., f, T] of one draw."""
    method, tasks = self.method, len(values)
    cells, seen = np.zeros((2, width, tasks))
    cells[known], seen[known] = values.T, 1
    mean = (self.train.sum() + values.sum(1)) / (self.train.size + len(known))
    generator = np.random.default_rng([method.seed, *np.sort(known)])
    p, q = (
      generator.normal(0, method.deviation, (count, method.factors, tasks))
      for count in (len(self.train) + 1, width)
    )
    return cells, seen, mean, p, q


# Rows are (1, p, mu + b) and columns (c, q, 1): their product is the model, and
# a visit adds e times the one to the other, but for the ones. Lanes are held
# from the last to the first: at a step they stand at neighbouring columns, and
# these are a slice.


def _lanes(p: np.ndarray, mean: np.ndarray) -> np.ndarray:
  """First values of the rows by lane, the last row's first: [f + 2, n, T]."""
  lanes, factors, tasks = p.shape
  out = np.ones((factors + 2, lanes, tasks), np.float32)
  out[1:-1], out[-1] = p[::-1].swapaxes(0, 1), mean
  return out


def _columns(q: np.ndarray) -> np.ndarray:
  """First values of the columns, [f + 2, W, T]."""
  width, factors, tasks = q.shape
  out = np.ones((factors + 2, width, tasks), np.float32)
  out[0], out[1:-1] = 0, q.swapaxes(0, 1)
  return out


def _by_step(cells: np.ndarray) -> np.ndarray:
  """Cells [n - 1, W] of the trained rows by step and lane: [W, n - 1, 1]."""
  lane = np.arange(len(cells))[::-1]
  at = (np.arange(cells.shape[1])[:, None] - lane) % cells.shape[1]
  return cells[lane, at][..., None]


def _descend(cells, rates, own, own_rates, row, column, *, epochs: int):
  """The descent, T tasks side by side; everything is float32.

  Args:
    cells, rates: [W, n - 1, 1] what the trained rows' lanes meet at a step,
      and the rate with which they visit it.
    own, own_rates: [W, T] the same of the new tasks' row, by column.
    row: [f + 2, n, T] first values of `_lanes`, overwritten.
    column: [f + 2, W, T] first values of `_columns`.

  Returns:
    the new tasks' row [f + 2, T] and the columns [f + 2, W, T].
  """
  lanes, width = row.shape[1], column.shape[1]
  before, last = lanes - 1, epochs * width
  # where an epoch ends in some lanes it has begun in others: the columns that
  # are among them are held before the first, too
  held = np.concatenate([column[:, width - before :], column], axis=1)
  told = own_rates.any(1)
  scratch = np.empty_like(row), np.empty_like(row[1:]), np.empty_like(row[0])
  visits = {}
  for step in range(last + before):
    ahead = step % width  # column of the first row; the new tasks' is
    behind = (step - before) % width
    # lanes begin one after the other, and end so; new tasks skip what they
    # have not measured
    lane = max(before - step, 0), min(lanes, last + before - step)
    if not lane[0] and not told[behind]:
      lane = 1, lane[1]
    if lane not in visits:
      visits[lane] = _Visit.of(slice(*lane), row, *scratch)
    visit = visits[lane]
    met = held[:, ahead + lane[0] : ahead + lane[1]]
    visit.predict(met)
    np.subtract(cells[ahead, visit.old], visit.trained, out=visit.trained)
    np.multiply(visit.trained, rates[ahead, visit.old], out=visit.trained)
    if not lane[0]:
      visit.error[0] = (own[behind] - visit.error[0]) * own_rates[behind]
    visit.learn(met)
    if ahead == width - 1:
      held[:, :before] = held[:, width:]
    elif ahead < before:  # it has passed the last lane: the next epoch's
      held[:, width + ahead] = held[:, ahead]
  return row[:, 0], held[:, before:]


@dataclasses.dataclass(frozen=True)
class _Visit:
  """Lanes that are active together, as views: cut once, used at every step.

  Attributes:
    row: [f + 2, lanes, T]; without its last, and without its first factor.
    product, change: room for what is added to columns and to rows.
    error: [lanes, T], and of the trained rows alone.
    old: the trained rows' among those of a step.
  """

  row: np.ndarray
  row_before: np.ndarray
  row_after: np.ndarray
  product: np.ndarray
  product_after: np.ndarray
  change: np.ndarray
  error: np.ndarray
  trained: np.ndarray
  old: slice

  @classmethod
  def of(cls, lane: slice, row, product, change, error) -> _Visit:
    row, product = row[:, lane], product[:, lane]
    first = max(lane.start, 1)
    return cls(
      row=row,
      row_before=row[:-1],
      row_after=row[1:],
      product=product,
      product_after=product[1:],
      change=change[:, lane],
      error=error[lane],
      trained=error[first : lane.stop],
      old=slice(first - 1, lane.stop - 1),
    )

  def predict(self, met: np.ndarray) -> None:
    """The model's cells into `error`, of columns [f + 2, lanes, T]."""
    np.multiply(self.row, met, out=self.product)
    np.add.reduce(self.product, axis=0, out=self.error)

  def learn(self, met: np.ndarray) -> None:
    """Adds rate x error times the one to the other, both as they were."""
    np.multiply(self.error, met[1:], out=self.change)
    np.multiply(self.error, self.row_before, out=self.product_after)
    np.add(self.row_after, self.change, out=self.row_after)
    column = met[:-1]
    np.add(column, self.product_after, out=column)
