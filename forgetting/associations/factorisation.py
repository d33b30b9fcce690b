"""The authors' biased matrix factorisation, compiled: a peer, not our choice.

  z[i, j] = mu + b_i + c_j + p_i . q_j

by stochastic gradient descent, cell after cell in row order, as the Surprise
library's `SVD` does it with Jin & Ren's settings: 5 factors, 1,000 epochs,
learning rate .005, no regularisation, factors drawn with deviation .001. The
new task is the last row, of which only the measured cells are visited.

The order matters and is kept. Cell (i, j) needs q_j from row i - 1 and p_i
from column j - 1, so all cells with i + j = t can be visited at once: row i
is a lane, and the columns' q flow from lane to lane, one step a time. Epochs
follow each other without a gap. All new tasks are fitted side by side.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar

import numpy as np

from forgetting.associations.completion import Method, Predictor


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

  def fit(self, train: np.ndarray) -> Predictor:
    return _Factorisation(train, self)


@dataclasses.dataclass(frozen=True)
class _Factorisation(Predictor):
  train: np.ndarray
  method: AuthorsFactorisation

  def predict(self, known, values):
    method, (rows, columns) = self.method, self.train.shape
    # as many columns as lanes, or a column would come back before it has left
    width = max(columns, rows + 1)
    train = np.full((rows, width), np.nan, np.float32)
    train[:, :columns] = self.train
    cells = np.full((width, len(values)), np.nan, np.float32)
    cells[known] = values.T
    mean = (self.train.sum() + values.sum(1)) / (self.train.size + len(known))
    generator = np.random.default_rng([method.seed, *np.sort(known)])
    p, q = (
      generator.normal(
        0, method.deviation, (count, method.factors, len(values))
      ).astype(np.float32)
      for count in (rows + 1, width)
    )
    state = _compiled(rows + 1, width)(
      train,
      cells,
      mean.astype(np.float32),
      p,
      q,
      rate=np.float32(method.rate),
      epochs=method.epochs,
    )
    offset, column_offset, p_row, q = (np.asarray(part) for part in state)
    row = np.einsum("ft,jft->tj", p_row, q) + column_offset.T
    return row[:, :columns] + (offset + mean)[:, None]


@functools.lru_cache(maxsize=8)
def _compiled(lanes: int, columns: int):
  """The fit as one program; the last lane is the new tasks' row."""
  import jax
  import jax.numpy as jnp

  lane = np.arange(lanes)
  # step t visits column t - i in lane i: skewed once, then read by step
  at = (np.arange(columns)[:, None] - lane) % columns

  def fit(train, cells, mean, p, q, *, rate, epochs):
    skewed = train[lane[:-1], at[:, :-1]]  # [N, n]
    own = cells[at[:, -1]]  # [N, tasks]
    tasks = cells.shape[1]
    last = epochs * columns

    def step(t, state):
      b, p, c_lane, q_lane, c, q = state
      place, leaves = t % columns, (t - lanes + 1) % columns
      # the columns move on by a lane; a new one comes in
      c_lane = jnp.concatenate([c[place][None], c_lane[:-1]])
      q_lane = jnp.concatenate([q[place][None], q_lane[:-1]])
      z = jnp.broadcast_to(skewed[place][:, None], (lanes - 1, tasks))
      z = jnp.concatenate([z, own[place][None]])
      visit = (t - lane)[:, None]
      active = (visit >= 0) & (visit < last) & ~jnp.isnan(z)
      error = z - mean - b - c_lane - (p * q_lane).sum(1)
      push = rate * jnp.where(active, error, 0)
      b, c_lane = b + push, c_lane + push
      p, q_lane = p + push[:, None] * q_lane, q_lane + push[:, None] * p
      # before the first column has passed all lanes, none leaves them
      passed = t >= lanes - 1
      c = c.at[leaves].set(jnp.where(passed, c_lane[-1], c[leaves]))
      q = q.at[leaves].set(jnp.where(passed, q_lane[-1], q[leaves]))
      return b, p, c_lane, q_lane, c, q

    offsets = jnp.zeros((lanes, tasks)), jnp.zeros((columns, tasks))
    state = offsets[0], p, offsets[0], jnp.zeros_like(p), offsets[1], q
    b, p, _, _, c, q = jax.lax.fori_loop(0, last + lanes - 1, step, state)
    return b[-1], c, p[-1], q

  return jax.jit(fit)
