"""Between base and best: parameters that no step was taken for.

Averaging with the base (Wortsman et al. 2022, arXiv 2109.01903), and keeping
the largest changes alone (as Yadav et al. 2023, arXiv 2306.01708, trim them).
"""

from collections.abc import Callable

import jax
import numpy as np

from forgetting.training.models.family import Params

WEIGHTS = tuple(round(i / 10, 1) for i in range(11))  # of best
KEPT = (0.01, 0.05, 0.1, 0.2, 0.5)  # of the changes, the largest


def averaged(base: Params, best: Params, weight: float) -> Params:
  """Base + weight x (best - base), float32 numpy.

  Args:
    base, best: of one model.
    weight: of best: at 0 it is base, at 1 best, bit for bit.
  """
  if weight == 1:
    return _map(lambda _, x: x, base, best)
  return _map(lambda x, y: x + np.float32(weight) * (y - x), base, best)


def with_largest(base: Params, best: Params, kept: float) -> Params:
  """Base with a part of the changes, the largest of all parameters together.

  Args:
    base, best: of one model.
    kept: part of the parameters, above 0, that are best's.

  Returns:
    float32 numpy; more than that part where changes are equal.
  """
  changes = [np.abs(y - x).ravel() for x, y in _leaves(base, best)]
  sizes = np.concatenate(changes)
  number = min(max(round(kept * len(sizes)), 1), len(sizes))
  smallest = np.partition(sizes, len(sizes) - number)[len(sizes) - number]
  return _map(
    lambda x, y: np.where(np.abs(y - x) >= smallest, y, x), base, best
  )


def _map(function: Callable, base: Params, best: Params) -> Params:
  return jax.tree.map(lambda x, y: function(_float(x), _float(y)), base, best)


def _leaves(base: Params, best: Params):
  pairs = zip(jax.tree.leaves(base), jax.tree.leaves(best), strict=True)
  return [(_float(x), _float(y)) for x, y in pairs]


def _float(x) -> np.ndarray:
  return np.asarray(x, np.float32)
