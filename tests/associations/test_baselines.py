"""Methods that anything better has to beat."""

import numpy as np
from planted_matrices import planted

from forgetting.associations.baselines import Knn
from forgetting.associations.completion import folds


def rmse(method, values, *, test=6, known=30, seed=0):
  train, truth = values[:-test], values[-test:]
  columns = np.random.default_rng(seed).choice(
    values.shape[1], known, replace=False
  )
  predicted = method.fit(train).predict(columns, truth[:, columns])
  return np.sqrt(np.mean((predicted - truth) ** 2))


def test_knn_finds_the_twin():
  values = planted(20, 100, rank=8)
  values[-6:] = values[:6]
  assert rmse(Knn(neighbours=1), values) < 1e-9
  assert rmse(Knn(neighbours=20), values) < 1e-6  # the twin weighs most


def test_knn_is_tuned_by_the_same_folds():
  train = planted(10, 60, rank=5, noise=0.1)
  left = []
  for candidate in Knn().candidates():
    total = 0.0
    for fold in folds(train, known=10):
      columns = fold.known[0]
      row = candidate.fit(fold.rest).predict(columns, fold.row[None, columns])
      rest = np.setdiff1d(np.arange(60), columns)
      total += np.sum((row[0, rest] - fold.row[rest]) ** 2)
    left.append(total)
  best = Knn().candidates()[int(np.argmin(left))]
  assert Knn().tuned(train, known=10) == best
