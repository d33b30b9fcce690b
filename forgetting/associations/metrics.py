"""How good predicted rows are.

The share of forgetting mass in the top 5 % is sum z over the examples that are
predicted highest / sum z over those that are highest. Precision and recall at
10 % compare the tenth that is predicted highest with the tenth that is
highest (equal by construction); of a binary matrix, with what was forgotten.
"""

from __future__ import annotations

import numpy as np


def scores(
  truth: np.ndarray, predicted: np.ndarray, known: np.ndarray
) -> dict[str, float]:
  """How good predicted rows are, with what was measured put in.

  Args:
    truth: [t, N]; NaN where nobody measured, which is left out.
    predicted: [t, N].
    known: [k] columns that the prediction was told.

  Returns:
    `rmse_x100` over whole rows, as the authors score; `_unmeasured` without
    the k columns; `_without_worst` without the task with the largest error.
    Means over tasks: `spearman`, `precision_at_10`, `recall_at_10`,
    `mass_at_5`.
  """
  error = np.square(predicted - truth)
  unmeasured = error.copy()
  unmeasured[:, known] = np.nan
  by_task = np.nanmean(error, axis=1)
  rest = np.delete(error, np.argmax(by_task), axis=0)
  return {
    "rmse_x100": _root(error),
    "rmse_x100_unmeasured": _root(unmeasured),
    "rmse_x100_without_worst": _root(rest),
    **_means(truth, predicted),
  }


def rmse_x100(truth, predicted) -> float:
  """100 x root mean squared error, nats per token; NaN cells are left out.

  Args:
    truth, predicted: arrays of one shape.
  """
  return _root(np.square(predicted - truth))


def _root(squares) -> float:
  if not np.isfinite(squares).any():
    return float("nan")
  return float(100 * np.sqrt(np.nanmean(squares)))


def _means(truth, predicted) -> dict[str, float]:
  """Mean over tasks of what is about one task's order of examples."""
  rows = []
  for z, guess in zip(truth, predicted, strict=True):
    seen = ~np.isnan(z)
    rows.append(_of_row(z[seen], guess[seen]))
  return {
    name: float(np.nanmean(values))
    if np.isfinite(values := [row[name] for row in rows]).any()
    else float("nan")
    for name in rows[0]
  }


def _of_row(z, guess) -> dict[str, float]:
  tenth = max(len(z) // 10, 1)
  found = np.zeros(len(z), bool)
  found[_highest(guess, tenth)] = True
  if np.isin(z, (0.0, 1.0)).all():
    wanted = z > 0.5
  else:
    wanted = np.zeros(len(z), bool)
    wanted[_highest(z, tenth)] = True
  hits, twentieth = (found & wanted).sum(), max(len(z) // 20, 1)
  most = z[_highest(z, twentieth)].sum()
  mass = z[_highest(guess, twentieth)].sum()
  return {
    "spearman": spearman(z, guess),
    "precision_at_10": hits / tenth,
    "recall_at_10": hits / wanted.sum() if wanted.any() else np.nan,
    "mass_at_5": mass / most if most > 0 else np.nan,
  }


def _highest(values, count: int) -> np.ndarray:
  return np.argpartition(-values, count - 1)[:count]


def spearman(a: np.ndarray, b: np.ndarray) -> float:
  """Correlation of ranks; NaN where one of them is constant.

  Args:
    a, b: [n] without NaN.
  """
  from scipy.stats import rankdata

  return pearson(rankdata(a), rankdata(b))


def pearson(a: np.ndarray, b: np.ndarray) -> float:
  """Correlation; NaN where one of them is constant.

  Args:
    a, b: [n] without NaN.
  """
  if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
    return float("nan")
  a, b = a - a.mean(), b - b.mean()
  return float((a @ b) / np.sqrt((a @ a) * (b @ b)))


def binary_scores(
  truth: np.ndarray, score: np.ndarray, *, threshold: float
) -> dict[str, float]:
  """How well forgotten cells are told from the others, all cells together.

  Args:
    truth: [c] 0 or 1.
    score: [c] forgotten is said where it is above the threshold.
    threshold: in units of the score.

  Returns:
    `f1`, `precision`, `recall` and `auc`, that of the ROC curve.
  """
  from scipy.stats import rankdata

  said, true = score > threshold, truth > 0.5
  hits = (said & true).sum()
  positives, negatives = true.sum(), (~true).sum()
  auc = float("nan")
  if positives and negatives:
    above = rankdata(score)[true].sum() - positives * (positives + 1) / 2
    auc = float(above / (positives * negatives))
  return {
    "f1": float(2 * hits / max(said.sum() + positives, 1)),
    "precision": float(hits / max(said.sum(), 1)),
    "recall": float(hits / max(positives, 1)),
    "auc": auc,
  }


def best_threshold(truth: np.ndarray, score: np.ndarray) -> float:
  """The threshold with the highest F1, between two neighbouring scores.

  Args:
    truth: [c] 0 or 1.
    score: [c].
  """
  order = np.argsort(-score)
  sorted_score = score[order]
  hits = np.cumsum(truth[order] > 0.5)
  said = np.arange(1, len(score) + 1)
  f1 = 2 * hits / (said + hits[-1])
  f1[:-1][sorted_score[:-1] == sorted_score[1:]] = -1  # no cut inside a tie
  best = int(np.argmax(f1))
  after = sorted_score[best + 1] if best + 1 < len(score) else -np.inf
  if not np.isfinite(after):
    return float(sorted_score[best] - 1)
  return float((sorted_score[best] + after) / 2)
