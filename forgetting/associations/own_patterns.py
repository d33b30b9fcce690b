"""Examples with a pattern of their own: what task and example means leave.

The components of Z - (row mean + column mean - mean). Each has two ends:
examples that the tasks with positive weights forget more than both means say,
and examples that they forget less; tasks with negative weights the other way
round. Which sources they are from is tested at both ends of each component, by
two-proportion z-tests against all other examples, p-values after Holm.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from forgetting.associations.components import SourceShare, looked_at, shares
from forgetting.associations.matrix import ForgettingMatrix, fill

COUNT = 3  # components
TASKS = 3  # named at either end


@dataclasses.dataclass(frozen=True)
class OwnPattern:
  """One component of what both means leave.

  Attributes:
    rank: 1 for the largest.
    share: of the variance that both means leave.
    share_of_all: of the variance of Z.
    raising, lowering: (name, weight) of the tasks at either end, the heaviest
      first; weights are a unit vector over tasks. Where tasks share families,
      of families, by the mean weight of their tasks.
    looked: examples at either end of which the sources are told.
    most, least: sources of the examples that the raising tasks forget more,
      and less, than both means say; none where sources are unknown.
  """

  rank: int
  share: float
  share_of_all: float
  raising: tuple[tuple[str, float], ...]
  lowering: tuple[tuple[str, float], ...]
  looked: int
  most: tuple[SourceShare, ...]
  least: tuple[SourceShare, ...]


def find(
  matrix: ForgettingMatrix, *, count: int = COUNT
) -> tuple[OwnPattern, ...]:
  """The largest components of what task and example means leave.

  Args:
    matrix: Z; unmeasured cells are filled by the two means.
    count: components, as far as there are any.

  Returns:
    of fewer than three tasks or examples none: two rows differ in one way.
  """
  if min(matrix.shape) < 3:
    return ()
  z = fill(matrix.values)
  left_over = z - z.mean(0) - z.mean(1, keepdims=True) + z.mean()
  squares, vectors = np.linalg.eigh(left_over @ left_over.T)
  total = squares.sum()
  if total <= 1e-12 * np.square(z).sum():
    return ()  # the means say all
  whole = np.square(z - z.mean()).sum()
  looked = looked_at(z.shape[1])
  found = []
  # one direction is that of the means, which are out
  for rank in range(min(count, len(z) - 1)):
    left = vectors[:, -1 - rank]
    right = left @ left_over
    if (right**3).sum() < 0:  # the end with the longer tail is the first
      left, right = -left, -right
    order = np.argsort(-right, kind="stable")
    names, weights = _by_family(matrix, left)
    tasks = np.argsort(-weights, kind="stable")
    found.append(
      OwnPattern(
        rank=rank + 1,
        share=float(squares[-1 - rank] / total),
        share_of_all=float(squares[-1 - rank] / whole),
        raising=_named(names, weights, tasks[weights[tasks] > 0][:TASKS]),
        lowering=_named(
          names, weights, tasks[weights[tasks] < 0][::-1][:TASKS]
        ),
        looked=looked,
        most=shares(matrix.sources, order[:looked]),
        least=shares(matrix.sources, order[-looked:]),
      )
    )
  return _after_holm(found)


def _by_family(matrix: ForgettingMatrix, left: np.ndarray):
  """Names and weights of families, or of tasks where each is its own."""
  families, counts = np.unique(matrix.families, return_counts=True)
  # one that has most of the tasks says nothing of them
  if not 1 < len(families) < len(left) or counts.max() > len(left) / 2:
    return matrix.tasks, left
  means = [left[matrix.families == family].mean() for family in families]
  return families, np.array(means)


def _named(names, weights, index) -> tuple[tuple[str, float], ...]:
  return tuple((str(names[i]), float(weights[i])) for i in index)


def _after_holm(found: Sequence[OwnPattern]) -> tuple[OwnPattern, ...]:
  """The same with p-values of all tests together."""
  tests = [
    share for one in found for end in (one.most, one.least) for share in end
  ]
  adjusted = iter(holm(np.array([share.p_value for share in tests])))

  def told(end: Sequence[SourceShare]) -> tuple[SourceShare, ...]:
    return tuple(
      dataclasses.replace(share, p_value=float(next(adjusted))) for share in end
    )

  return tuple(
    dataclasses.replace(one, most=told(one.most), least=told(one.least))
    for one in found
  )


def holm(p_values: np.ndarray) -> np.ndarray:
  """p-values of many tests, so that one false alarm is as rare as they say.

  Args:
    p_values: of each test; NaN is no test.

  Returns:
    the same after Holm's step-down.
  """
  out = np.full(p_values.shape, np.nan)
  tested = np.flatnonzero(np.isfinite(p_values))
  order = tested[np.argsort(p_values[tested], kind="stable")]
  factors = len(order) - np.arange(len(order))
  stepped = np.maximum.accumulate(p_values[order] * factors)
  out[order] = np.minimum(stepped, 1)
  return out
