"""Predicting a new task's row of Z from the few examples measured of it.

One interface: a method is chosen (`tuned`, by leaving out one training task
after another), fitted to the training rows, and then predicts whole rows from
the k values measured of each. Every new row is predicted by itself.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
import dataclasses
from typing import ClassVar, Self

import numpy as np

Draw = tuple[np.ndarray, np.ndarray]  # known [k], what was measured [t, k]

TUNING_COLUMNS = 5000  # at most so many are looked at to choose a method
TUNING_ROWS = 48  # and so many training rows are left out in turn
TUNING_DRAWS = 4  # of the k examples, for each row left out


class Predictor(abc.ABC):
  """A method that has seen the training rows."""

  @abc.abstractmethod
  def predict(self, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Predicts rows from what was measured of them.

    Args:
      known: [k] columns that were measured.
      values: [t, k] what was measured, of t new tasks.

    Returns:
      [t, N] nats per token, the measured columns predicted as any other.
    """

  def predict_each(self, draws: Sequence[Draw]) -> list[np.ndarray]:
    """Predicts rows from several draws of the measured columns.

    Args:
      draws: (known, values) of each, as for `predict`.

    Returns:
      what `predict` gives of each; a method may do them together.
    """
    return [self.predict(known, values) for known, values in draws]

  def predict_some(
    self, draws: Sequence[Draw], tasks: Sequence[np.ndarray]
  ) -> list[np.ndarray]:
    """`predict_each`, told which tasks they are.

    Args:
      draws: as for `predict_each`.
      tasks: of each, positions of its rows among the new tasks; only a method
        that knows more of them than their measured cells looks at these.

    Returns:
      as of `predict_each`.
    """
    return self.predict_each(draws)


class Method(abc.ABC):
  """A way to predict; its fields are its hyper-parameters.

  Attributes:
    name: in tables.
    slow: to fit, so that no threshold is chosen by fitting it many times.
  """

  name: ClassVar[str]
  slow: ClassVar[bool] = False

  @abc.abstractmethod
  def fit(self, train: np.ndarray) -> Predictor:
    """Learns from training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """

  def told(self) -> dict[str, float]:
    """The hyper-parameters by name."""
    return dataclasses.asdict(self)

  def candidates(self) -> Sequence[Self]:
    """The hyper-parameters that `tuned` chooses from."""
    return (self,)

  def tuned(self, train: np.ndarray, *, known: int) -> Self:
    """Chooses hyper-parameters by the squared error on left-out tasks.

    Args:
      train: [n, N] training rows without NaN; nothing else is looked at.
      known: k, how many examples will be measured.

    Returns:
      the candidate with the least.
    """
    candidates = self.candidates()
    if len(candidates) == 1:
      return candidates[0]
    squares = np.zeros(len(candidates))
    for fold in folds(train, known=known):
      for i, candidate in enumerate(candidates):
        columns = fold.known[0]
        predictor = candidate.fit(fold.rest)
        row = predictor.predict(columns, fold.row[None, columns])[0]
        squares[i] += fold.squared_error(row, columns)
    return candidates[int(np.argmin(squares))]

  def left_out(
    self, train: np.ndarray, *, known: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """Unmeasured cells of training tasks that are left out in turn.

    Args:
      train: [n, N] training rows without NaN.
      known: k, how many examples are measured of a row.

    Returns:
      [c] what they are and [c] what is predicted; none of a single row.
    """
    truth, score = [np.empty(0)], [np.empty(0)]
    for fold in folds(train, known=known):
      columns = fold.known[0]
      row = self.fit(fold.rest).predict(columns, fold.row[None, columns])[0]
      truth.append(np.delete(fold.row, columns))
      score.append(np.delete(row, columns))
    return np.concatenate(truth), np.concatenate(score)


@dataclasses.dataclass(frozen=True)
class Fold:
  """A training task left out.

  Attributes:
    rest: [n - 1, N] the other training rows.
    row: [N] the one left out.
    known: draws of the k columns that are measured of it.
  """

  rest: np.ndarray
  row: np.ndarray
  known: tuple[np.ndarray, ...]

  def squared_error(self, row: np.ndarray, known: np.ndarray) -> float:
    """Sum of squared errors over the columns that were not measured.

    Args:
      row: [..., N] predicted.
      known: [k] columns that were measured.

    Returns:
      [...]
    """
    error = self.row - row
    error[..., known] = 0
    return np.square(error).sum(-1)


def tuning_columns(train: np.ndarray, generator) -> np.ndarray:
  """The columns that a choice looks at: all, or `TUNING_COLUMNS` by chance.

  Args:
    train: [n, N].
    generator: of numpy.
  """
  columns = train.shape[1]
  if columns <= TUNING_COLUMNS:
    return train
  kept = generator.choice(columns, TUNING_COLUMNS, replace=False)
  return train[:, np.sort(kept)]


def folds(train: np.ndarray, *, known: int) -> Iterator[Fold]:
  """Leave-one-task-out over at most `TUNING_COLUMNS` columns.

  The draws are the same for every method: their errors are paired.

  Args:
    train: [n, N] training rows without NaN.
    known: k, how many examples are measured of the row left out.
  """
  generator = np.random.default_rng(0)
  rows = len(train)
  train = tuning_columns(train, generator)
  if rows < 2:
    return
  left_out = np.arange(rows)
  if rows > TUNING_ROWS:
    left_out = np.sort(generator.choice(rows, TUNING_ROWS, replace=False))
  known = min(known, train.shape[1])
  for row in left_out:
    draws = [
      generator.choice(train.shape[1], known, replace=False)
      for _ in range(TUNING_DRAWS)
    ]
    yield Fold(np.delete(train, row, axis=0), train[row], tuple(draws))


def predict_measured(
  predictor: Predictor, known: np.ndarray, values: np.ndarray
) -> np.ndarray:
  """As `Predictor.predict`, for rows in which some known cells are NaN.

  Args:
    predictor: of whole rows.
    known: [k] columns that were measured of some of the rows.
    values: [t, k] what was measured, NaN where it was not.

  Returns:
    [t, N] nats per token, with what was measured put in.
  """
  [rows] = predict_measured_each(predictor, [(known, values)])
  return rows


def predict_measured_each(
  predictor: Predictor, draws: Sequence[Draw]
) -> list[np.ndarray]:
  """`predict_measured` of several draws, handed to the predictor at once.

  Args:
    predictor: of whole rows.
    draws: (known [k], values [t, k]) of each.

  Returns:
    [t, N] of each.
  """
  asked, whose = [], []
  for draw, (known, values) in enumerate(draws):
    measured = ~np.isnan(values)
    for pattern in np.unique(measured, axis=0):
      rows = (measured == pattern).all(1)
      asked.append((known[pattern], values[rows][:, pattern]))
      whose.append((draw, rows))
  out = [None] * len(draws)
  tasks = [np.flatnonzero(rows) for _, rows in whose]
  predicted = predictor.predict_some(asked, tasks)
  for (draw, rows), (known, values), found in zip(
    whose, asked, predicted, strict=True
  ):
    found[:, known] = values
    if out[draw] is None:
      out[draw] = np.empty((len(rows), found.shape[1]))
    out[draw][rows] = found
  return out
