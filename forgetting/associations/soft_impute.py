"""Soft-impute (Mazumder, Hastie, Tibshirani 2010) for a new row.

  minimise over W:  1/2 |A - W|^2 over known cells + shrinkage x nuclear norm

by W <- the SVD of A filled with W, its singular values lowered by the
shrinkage. A is the training rows and the new one, the additive fit taken off:
no low-rank method without an intercept survives tasks unlike the trained.

Only the new row has unknown cells, and they stay in the span of the training
rows: x = a T. So a step needs (n+1) x (n+1) products, whatever the columns.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from forgetting.associations.completion import Method, Predictor

ROUNDS = 60
TOLERANCE = 1e-3  # relative change of a row's coefficients


@dataclasses.dataclass(frozen=True)
class SoftImpute(Method):
  """Soft-impute of what the additive fit leaves.

  Attributes:
    shrinkage: of the singular values, as a part of the largest one.
  """

  shrinkage: float = 0.1
  name: ClassVar[str] = "soft_impute"

  def candidates(self):
    """The shrinkages that `tuned` chooses from."""
    return [
      dataclasses.replace(self, shrinkage=s) for s in (0.02, 0.05, 0.15, 0.4)
    ]

  def fit(self, train: np.ndarray) -> Predictor:
    """Learns from training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    mean = train.mean(0)
    residual = train - mean
    residual -= residual.mean(1, keepdims=True)
    return _SoftImpute(mean, residual, residual @ residual.T, self.shrinkage)


@dataclasses.dataclass(frozen=True)
class _SoftImpute(Predictor):
  mean: np.ndarray
  residual: np.ndarray
  gram: np.ndarray
  shrinkage: float

  def predict(self, known, values):
    if not len(known):
      return np.repeat(self.mean[None], len(values), axis=0)
    left = values - self.mean[known]
    offset = left.mean(1, keepdims=True)
    left = left - offset
    seen = self.residual[:, known]
    unseen_gram = self.gram - seen @ seen.T
    shrinkage = self.shrinkage * np.sqrt(np.linalg.eigvalsh(self.gram)[-1])
    out = np.empty((len(values), len(self.mean)))
    for row, own in enumerate(left):
      mix = self._mix(seen @ own, own @ own, unseen_gram, shrinkage)
      out[row] = self.mean + offset[row] + mix @ self.residual
    return out

  def _mix(self, across, square, unseen_gram, shrinkage) -> np.ndarray:
    """a: [n] the new row's unknown cells as a mixture of training rows.

    Args:
      across: [n] products of the training rows with the known cells.
      square: squared length of the known cells.
      unseen_gram: [n, n] products of training rows over unknown columns.
    """
    count = len(self.gram)
    gram = np.empty((count + 1, count + 1))
    gram[:-1, :-1] = self.gram
    mix = np.zeros(count)
    for _ in range(ROUNDS):
      reach = unseen_gram @ mix
      gram[:-1, -1] = gram[-1, :-1] = across + reach
      gram[-1, -1] = square + mix @ reach
      values, left = np.linalg.eigh(gram)
      values = np.sqrt(np.clip(values, 0, None))
      kept = np.clip(1 - shrinkage / np.maximum(values, 1e-300), 0, None)
      weight = (left * kept) @ left[-1]
      new = weight[:-1] + weight[-1] * mix
      moved = np.abs(new - mix).max()
      mix = new
      if moved <= TOLERANCE * np.abs(mix).max():
        break
    return mix
