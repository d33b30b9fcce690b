"""Predictions of new rows held against what was measured of them."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from forgetting.associations import metrics
from forgetting.associations.completion import (
  Method,
  Predictor,
  predict_measured_each,
)


@dataclasses.dataclass(frozen=True)
class Truth:
  """What predictions are held against.

  Attributes:
    binary: whether cells say only forgotten or not.
    train: [n, N] training rows without NaN, for thresholds.
    truth: [t, N] the new tasks' rows, NaN where not measured.
    known: k, examples measured of a row.
  """

  binary: bool
  train: np.ndarray
  truth: np.ndarray
  known: int

  def scores(
    self, method: Method, fitted: Predictor, drawn: Sequence[np.ndarray]
  ) -> list[dict[str, float]]:
    """Metrics of a method, for each draw of the measured columns.

    Args:
      method: that a threshold of binary rows is chosen for.
      fitted: the same, having seen the training rows.
      drawn: [k] columns each.
    """
    threshold = self._threshold(method) if self.binary else 0.5
    out = []
    draws = [(columns, self.truth[:, columns]) for columns in drawn]
    rows = predict_measured_each(fitted, draws)
    for columns, predicted in zip(drawn, rows, strict=True):
      found = metrics.scores(self.truth, predicted, columns)
      if self.binary:
        rest = np.delete(np.arange(self.truth.shape[1]), columns)
        truth, score = self.truth[:, rest].ravel(), predicted[:, rest].ravel()
        seen = ~np.isnan(truth)
        found |= metrics.binary_scores(
          truth[seen], score[seen], threshold=threshold
        )
      out.append(found)
    return out

  def default(self, first: Method, other: Method) -> str:
    """The method to use, by name.

    Args:
      first: is it for rows of numbers.
      other: is it for binary rows where leave-one-task-out gives it the higher
        F1, each method with its best threshold.
    """
    if not self.binary:
      return first.name
    reached = [self._best_f1(method) for method in (first, other)]
    return other.name if reached[1] > reached[0] else first.name

  def _best_f1(self, method: Method) -> float:
    truth, score = method.left_out(self.train, known=self.known)
    if not len(truth):
      return 0.0
    threshold = metrics.best_threshold(truth, score)
    return metrics.binary_scores(truth, score, threshold=threshold)["f1"]

  def _threshold(self, method: Method) -> float:
    """By leave-one-task-out; a peer, slow to fit, is cut at one half."""
    if method.slow:
      return 0.5
    truth, score = method.left_out(self.train, known=self.known)
    return metrics.best_threshold(truth, score) if len(truth) else 0.5
