"""Forgetting matrices of a planted structure."""

import numpy as np


def planted(rows=24, columns=200, *, rank=2, noise=0.01, seed=0):
  """Row effect + column effect + a low rank + noise."""
  generator = np.random.default_rng(seed)
  low = generator.normal(0, 0.1, (rows, rank))
  values = low @ generator.normal(size=(rank, columns))
  values += generator.normal(0.1, 0.05, (rows, 1))
  values += generator.normal(0, 0.1, columns)
  return values + noise * generator.normal(size=values.shape)
