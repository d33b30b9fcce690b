"""Soft-impute against the iteration with whole matrices."""

import numpy as np
from planted_matrices import planted

from forgetting.associations.soft_impute import SoftImpute


def test_soft_impute_is_the_one_with_whole_matrices():
  """Against the iteration on the filled matrix, SVD and all."""
  values = planted(10, 50, rank=3)
  train, own = values[:-1], values[-1]
  known = np.arange(0, 50, 3)
  mean = train.mean(0)
  left = train - mean
  left -= left.mean(1, keepdims=True)
  offset = (own - mean)[known].mean()
  row = np.zeros(50)
  row[known] = (own - mean)[known] - offset
  shrinkage = 0.1 * np.linalg.svd(left, compute_uv=False)[0]
  unknown = np.setdiff1d(np.arange(50), known)
  for _ in range(300):
    u, s, v = np.linalg.svd(np.vstack([left, row]), full_matrices=False)
    low = (u * np.maximum(s - shrinkage, 0)) @ v
    row[unknown] = low[-1, unknown]
  found = SoftImpute(shrinkage=0.1).fit(train)
  found = found.predict(known, own[None, known])[0]
  expected = (mean + offset + row)[unknown]
  np.testing.assert_allclose(found[unknown], expected, atol=5e-4)
