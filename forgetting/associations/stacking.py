"""Methods blended by how they do on tasks unlike those they have seen.

Each family of the training tasks is left out in turn; where families are not
known, each cluster of tasks that forget alike: that is as far from home as the
training rows can tell of. With E_m the errors of method m on the rows left
out, the weights are

  minimise over w >= 0, sum w = 1:  sum over rows  |sum_m w_m E_m|^2 / e^2

e^2 being the row's least squared error by a single method, so that one wild
task does not decide alone (stacked regressions; Breiman 1996, with Wolpert's
leave-one-out made coarser). A row that is farther than any that was left out
is predicted by the kriging alone, whose random intercept and slope hold there:
of such rows the weights know nothing.

The same rows tell how wide an interval must be. Of each row the measured
examples say how surprising it is: the mean size of their leave-one-out
residuals in units of the kriging's deviations. Widths are

  reach x s x deviation,  s = (10 usual + k surprise) / (10 + k)

with usual the mean surprise of left-out rows, and reach what holds 90 % of
their cells.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
from typing import ClassVar

import numpy as np

from forgetting.associations.completion import (
  Method,
  Predictor,
  tuning_columns,
)
from forgetting.associations.kriging import FittedKriging, KrigingT

HELD = 0.9  # of the cells, by an interval
WEIGHT_OF_USUAL = 10  # measured examples that the usual surprise counts as
DRAWS = 2  # of the k examples, for each group left out
FAMILIES = 3  # at least, to be what is left out


@dataclasses.dataclass(frozen=True)
class Stacked(Method):
  """A weighted mean of other methods.

  Attributes:
    parts: the methods, with the hyper-parameters they are used with; the last
      is the kriging that knows how sure it is.
    weights: of the parts; none is negative, their sum is 1.
    reach: half a 90 % interval in units of s x the kriging's deviation.
    usual: mean surprise of training tasks, their families left out.
    farthest: the largest of them.
  """

  parts: tuple[Method, ...] = (KrigingT(),)
  weights: tuple[float, ...] = (1.0,)
  reach: float = 1.6449
  usual: float = 1.0
  farthest: float = np.inf
  name: ClassVar[str] = "stacked"

  def tuned(
    self, train: np.ndarray, *, known: int, families: np.ndarray | None = None
  ) -> Stacked:
    """Weights and widths from families or clusters left out in turn.

    Args:
      train: [n, N] training rows without NaN; nothing else is looked at.
      known: k, how many examples will be measured.
      families: [n] words; those of fewer than `FAMILIES` families, or of one
        with more than half of the tasks, say nothing.

    Returns:
      the same parts; of fewer than four rows the last one alone.
    """
    if len(train) < 4:
      return dataclasses.replace(self, weights=_last(len(self.parts)))
    groups = _families(families) or clusters(train)
    trials = [*self._trials(train, known, groups)]
    products = np.concatenate([t.products for t in trials])
    least = np.einsum("rmm->rm", products).min(1)
    scale = np.maximum(least, 1e-12 * least.max() + np.finfo(float).tiny)
    weights = _simplex((products / scale[:, None, None]).mean(0))
    surprises = np.concatenate([t.surprises for t in trials])
    usual = float(surprises.mean())
    ratios = np.concatenate(
      [t.ratios(weights, _shrunk(t.surprises, usual, known)) for t in trials]
    )
    return dataclasses.replace(
      self,
      weights=tuple(map(float, weights)),
      reach=float(np.quantile(ratios, HELD)),
      usual=usual,
      farthest=float(surprises.max()),
    )

  def told(self) -> dict[str, float]:
    """Weights by the names of the parts, and the rest."""
    names = [f"weight_{part.name}" for part in self.parts]
    return dict(
      zip(names, self.weights, strict=True),
      reach=self.reach,
      usual=self.usual,
      farthest=self.farthest,
    )

  def fit(self, train: np.ndarray) -> FittedStack:
    """Learns from training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    return FittedStack(self, tuple(part.fit(train) for part in self.parts))

  def _trials(self, train, known: int, groups) -> Iterator[_Trial]:
    """Each group of rows left out, with some draws of the examples."""
    generator = np.random.default_rng(0)
    train = tuning_columns(train, generator)
    known = min(known, train.shape[1] - 1)
    for rows in groups:
      left_out = train[rows]
      fitted = self.fit(np.delete(train, rows, axis=0))
      for _ in range(DRAWS):
        columns = generator.choice(train.shape[1], known, replace=False)
        rest = np.delete(np.arange(train.shape[1]), columns)
        values = left_out[:, columns]
        found = fitted.by_part(columns, values) - left_out
        kriging = fitted.kriging
        deviations = np.sqrt(kriging.variance(columns, values)[:, rest])
        surprises = kriging.surprises(columns, values)
        yield _Trial(found[:, :, rest], deviations, surprises)


@dataclasses.dataclass(frozen=True)
class _Trial:
  """One group left out, its rows predicted from one draw.

  Attributes:
    errors: [m, t, c] of each part, on cells that were not measured.
    deviations: [t, c] that the kriging gives.
    surprises: [t].
  """

  errors: np.ndarray
  deviations: np.ndarray
  surprises: np.ndarray

  @property
  def products(self) -> np.ndarray:
    """Mean products of two parts' errors, [t, m, m]."""
    products = np.einsum("atc,btc->tab", self.errors, self.errors)
    return products / self.errors.shape[-1]

  def ratios(self, weights: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Sizes of the blend's errors in units of scale x deviation, flat."""
    blended = np.abs(np.tensordot(weights, self.errors, axes=1))
    return (blended / (scale[:, None] * self.deviations)).ravel()


@dataclasses.dataclass(frozen=True)
class FittedStack(Predictor):
  """The parts, each of which has seen the training rows."""

  method: Stacked
  fitted: tuple[Predictor, ...]

  @property
  def kriging(self) -> FittedKriging:
    """The part that knows how sure it is."""
    return self.fitted[-1]

  def by_part(self, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What each part predicts, [m, t, N]; see `Predictor.predict`."""
    return np.array([part.predict(known, values) for part in self.fitted])

  def predict(self, known, values):
    weighed = zip(self.method.weights, self.fitted, strict=True)
    rows = sum(w * part.predict(known, values) for w, part in weighed if w)
    far = self.far(known, values)
    if far.any():  # the weights are those of rows less unlike the trained ones
      rows[far] = self.kriging.predict(known, values[far])
    return rows

  def widths(self, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Half the width of the 90 % interval of every cell.

    Args:
      known: [k] columns that were measured.
      values: [t, k] what was measured.

    Returns:
      [t, N] nats per token; 0 where it was measured.
    """
    surprises = self.kriging.surprises(known, values)
    scale = _shrunk(surprises, self.method.usual, len(known))
    deviations = np.sqrt(self.kriging.variance(known, values))
    return self.method.reach * scale[:, None] * deviations

  def far(self, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Whether a row surprises more than any training task left out.

    Args:
      known: [k] columns that were measured.
      values: [t, k] what was measured.

    Returns:
      bool [t].
    """
    return self.kriging.surprises(known, values) > self.method.farthest


def clusters(train: np.ndarray) -> list[np.ndarray]:
  """Tasks that forget alike, by Ward's linkage: about sqrt(n) clusters.

  None has more than half of the tasks, so that enough is left to learn from.

  Args:
    train: [n, N] training rows without NaN, two or more.

  Returns:
    of each cluster the positions of its rows.
  """
  from scipy.cluster import hierarchy

  count = len(train)
  train = tuning_columns(train, np.random.default_rng(0))
  tree = hierarchy.linkage(train, "ward")
  for parts in range(max(2, round(np.sqrt(count))), count + 1):
    words = hierarchy.fcluster(tree, parts, "maxclust")
    found = _groups(words)
    if max(map(len, found)) <= max(count // 2, 1):
      return found
  return [np.array([row]) for row in range(count)]  # rows that are equal


def _families(words: np.ndarray | None) -> list[np.ndarray]:
  """Rows of each family; none where they are no good to be left out."""
  if words is None:
    return []
  found = _groups(words)
  if len(found) < FAMILIES or max(map(len, found)) > len(words) // 2:
    return []
  return found


def _groups(words: np.ndarray) -> list[np.ndarray]:
  return [np.flatnonzero(words == word) for word in np.unique(words)]


def _shrunk(surprises, usual: float, known: int) -> np.ndarray:
  return (WEIGHT_OF_USUAL * usual + known * surprises) / (
    WEIGHT_OF_USUAL + known
  )


def _simplex(products: np.ndarray) -> np.ndarray:
  """w >= 0 with sum 1 and the least w' P w; the sum has a heavy row."""
  from scipy.optimize import nnls

  count = len(products)
  scale = np.sqrt(np.trace(products) / count) or 1.0
  ridge = 1e-9 * scale**2 * np.eye(count)
  root = np.linalg.cholesky(products + ridge).T
  heavy = 1e3 * scale
  weights, _ = nnls(
    np.vstack([root, np.full(count, heavy)]), np.r_[np.zeros(count), heavy]
  )
  return weights / weights.sum()


def _last(count: int) -> tuple[float, ...]:
  return (*[0.0] * (count - 1), 1.0)
