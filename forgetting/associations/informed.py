"""Forecasts from text as methods of completion: alone, and with k cells.

A forecast needs no measured cell; completion is given k. To hold one against
the other a forecast is tried three times: as it is, as published; calibrated
by the same k cells, y = a + b f; and as the prior mean of the kriging, which
then completes what is left, f standing for what text says and the covariance
for what the cells say:

  row = s (f - mu) + the kriging of T - s (F - mu), told y - s (f - mu)

with mu the example means, T the training rows and F their forecasts, each by
heads that have not seen it. A share s of 0 is the kriging alone.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np
from scipy.special import expit

from forgetting.associations import trained_logit
from forgetting.associations.completion import (
  Draw,
  Method,
  Predictor,
  folds,
)
from forgetting.associations.forecasters import (
  FORMS,
  Forecasts,
  forecast,
  groups_of,
)
from forgetting.associations.kriging import Kriging, KrigingT
from forgetting.associations.matrix import ForgettingMatrix, fill
from forgetting.associations.states import States

SHARES = (0.0, 0.5, 1.0)
NEWTON = 25  # steps of a logistic calibration


def methods(
  states: States,
  matrix: ForgettingMatrix,
  *,
  train: np.ndarray,
  new: np.ndarray,
) -> list[Method]:
  """Every form, used in each of the three ways: `forecasters.FORMS`, and the
  fixed and the trainable logit where the states have what they need.

  Args:
    states: of the matrix's tasks and examples.
    matrix: whose training rows are learned from.
    train, new: positions of its rows.

  Raises:
    InputError: see `forecasters.forecast`.
  """
  families = matrix.families
  words = groups_of(families[train], matrix.repeats[train], families[new])
  values = fill(matrix.values[train])
  found = [
    forecast(form, states, values, train=train, new=new, words=words)
    for form in FORMS
  ]
  if states.logit is not None:  # nothing of it is trained
    rows = states.logit
    found.append(Forecasts("lm_logit", rows[new], rows[train], False, {}))
  if states.tokens is not None:
    told = dict(train=train, new=new, words=words)
    found.append(trained_logit.forecast(states.tokens, values, **told))
  ways = (AsPublished, Calibrated, PriorMean)
  return [way(forecasts) for forecasts in found for way in ways]


@dataclasses.dataclass(frozen=True, eq=False)
class Informed(Method):
  """A method that knows forecasts of the training and of the new tasks.

  `fit` wants the training rows that the forecasts are of, in their order.

  Attributes:
    forecasts: of both.
  """

  forecasts: Forecasts

  @property
  def name(self) -> str:
    """The form's, and how it is used."""
    return self.forecasts.name + self.suffix

  suffix = ""

  def told(self) -> dict[str, float | str]:
    """What left-out tasks have chosen."""
    return self.forecasts.told


@dataclasses.dataclass(frozen=True, eq=False)
class AsPublished(Informed):
  """The forecast as it is: no cell of a new row is looked at."""

  def fit(self, train: np.ndarray) -> Predictor:
    """Learns nothing more.

    Args:
      train: [n, N] the rows that the forecasts are of.
    """
    return _Published(self.forecasts)

  def left_out(self, train, *, known):
    """All cells of the training rows, forecast by heads that have not seen
    them; see `Method.left_out`."""
    found = self.forecasts
    return train.ravel(), found.means(found.left_out).ravel()


@dataclasses.dataclass(frozen=True, eq=False)
class Calibrated(Informed):
  """The forecast with two numbers fitted to the measured cells.

  Least squares, of binary rows maximum likelihood on the logit. The slope is
  drawn to 1 as if by one more cell a deviation of the row away; that of binary
  rows and their intercept as a normal prior of variance 1 does.
  """

  suffix = "_cells"

  def fit(self, train: np.ndarray) -> Predictor:
    """Learns nothing more.

    Args:
      train: [n, N] the rows that the forecasts are of.
    """
    return _Calibrated(self.forecasts)

  def left_out(self, train, *, known):
    """As of any method; see `Method.left_out`."""
    truth, score = [], []
    pairs = zip(
      folds(train, known=known),
      folds(self.forecasts.left_out, known=known),  # the same rows and draws
      strict=True,
    )
    for fold, said in pairs:
      columns = fold.known[0]
      row = _calibrate(said.row, columns, fold.row[columns], self.forecasts)
      truth.append(np.delete(fold.row, columns))
      score.append(np.delete(row, columns))
    return np.concatenate(truth), np.concatenate(score)


@dataclasses.dataclass(frozen=True, eq=False)
class PriorMean(Informed):
  """The forecast as the prior mean of a kriging.

  Attributes:
    kriging: with its hyper-parameters.
    share: of the forecast that is believed.
  """

  kriging: Kriging = dataclasses.field(default_factory=KrigingT)
  share: float = 1.0
  suffix = "_kriging"

  def told(self) -> dict[str, float | str]:
    """The share, and what is told of the kriging."""
    return super().told() | {"share": self.share} | self.kriging.told()

  def tuned(self, train: np.ndarray, *, known: int) -> PriorMean:
    """Share and hyper-parameters by the error on left-out training tasks.

    Args:
      train: [n, N] the rows that the forecasts are of.
      known: k, how many examples will be measured.
    """
    tried = []
    for share in SHARES:
      rest = train - self._said(train, share)
      kriging = self.kriging.tuned(rest, known=known)
      error = sum(
        fold.squared_error(
          kriging.fit(fold.rest).predict(columns, fold.row[None, columns])[0],
          columns,
        )
        for fold in folds(rest, known=known)
        for columns in fold.known
      )
      tried.append((error, share, kriging))
    _, share, kriging = min(tried, key=lambda one: one[0])
    return dataclasses.replace(self, share=share, kriging=kriging)

  def fit(self, train: np.ndarray) -> Predictor:
    """Learns from what the forecasts leave of the training rows.

    Args:
      train: [n, N] the rows that the forecasts are of.
    """
    said = self._said(train, self.share)
    found = self.forecasts
    new = self.share * (found.means(found.new) - train.mean(0))
    return _WithPriorMean(self.kriging.fit(train - said), new)

  def left_out(self, train, *, known):
    """As of any method; see `Method.left_out`."""
    said = self._said(train, self.share)
    truth, score = [], []
    pairs = zip(
      folds(train, known=known), folds(train - said, known=known), strict=True
    )
    for fold, rest in pairs:
      columns = fold.known[0]
      row = self.kriging.fit(rest.rest).predict(
        columns, rest.row[None, columns]
      )
      truth.append(np.delete(fold.row, columns))
      score.append(np.delete(row[0] + fold.row - rest.row, columns))
    return np.concatenate(truth), np.concatenate(score)

  def _said(self, train, share: float) -> np.ndarray:
    """What of the training rows is said by their forecasts, [n, N]."""
    found = self.forecasts
    return share * (found.means(found.left_out) - train.mean(0))


@dataclasses.dataclass(frozen=True)
class _Bound(Predictor):
  """A predictor that knows which new task is which."""

  def predict(self, known, values):
    return self._rows(known, values, np.arange(len(values)))

  def predict_some(self, draws: Sequence[Draw], tasks):
    return [
      self._rows(known, values, rows)
      for (known, values), rows in zip(draws, tasks, strict=True)
    ]


@dataclasses.dataclass(frozen=True, eq=False)
class _Published(_Bound):
  forecasts: Forecasts

  def _rows(self, known, values, tasks):
    return self.forecasts.means(self.forecasts.new[tasks])


@dataclasses.dataclass(frozen=True, eq=False)
class _Calibrated(_Bound):
  forecasts: Forecasts

  def _rows(self, known, values, tasks):
    rows = self.forecasts.new[tasks]
    return np.array(
      [
        _calibrate(row, known, own, self.forecasts)
        for row, own in zip(rows, values, strict=True)
      ]
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _WithPriorMean(_Bound):
  kriging: Predictor
  said: np.ndarray  # [t, N] of the new tasks

  def _rows(self, known, values, tasks):
    said = self.said[tasks]
    return self.kriging.predict(known, values - said[:, known]) + said


def _calibrate(row, known, values, forecasts: Forecasts) -> np.ndarray:
  """A forecast row after y = a + b f, [N]; as it is without cells."""
  if not len(known):
    return forecasts.means(row)
  if forecasts.binary:
    return expit(_logistic(row[known], values) @ [np.ones_like(row), row])
  told = row[known] - row[known].mean()
  above = values - row[known]
  slope = (told @ above) / (told @ told + row.var() or 1.0)
  return row + above.mean() + slope * (row - row[known].mean())


def _logistic(logits, values) -> np.ndarray:
  """a and b of sigmoid(a + b s), [2], with priors N(0, 1) and N(1, 1)."""
  inputs = np.stack([np.ones_like(logits), logits], 1)
  centre = np.array([0.0, 1.0])
  found = centre
  for _ in range(NEWTON):
    chance = expit(inputs @ found)
    slope = inputs.T @ (values - chance) - (found - centre)
    curve = (inputs.T * (chance * (1 - chance))) @ inputs + np.eye(2)
    step = np.linalg.solve(curve, slope)
    found = found + step / max(1.0, np.abs(step).max())
  return found
