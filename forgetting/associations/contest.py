"""Multiplicative against additive: the two descriptions task by task.

Both know one number of a task that is held out: where it projects onto the
first right singular vector of the others, or its mean. Errors of two tasks are
as good as independent, cells of one are not: tasks are what is paired, and a
task's other seeds are held out with it and count as one. Of n tasks of noise
alone the ratio is sqrt(1 - 1 / n): the first may take nothing from the others.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from forgetting.associations.matrix import ForgettingMatrix

DRAWS = 2000  # of whole tasks, for the interval
FEWEST = 6  # tasks; of fewer no outcome could be called sure


@dataclasses.dataclass(frozen=True)
class Contest:
  """How the multiplicative description does beside the additive one.

  Attributes:
    tasks: that were held out, each with its other seeds.
    better: of them, those that the multiplicative one misses by less.
    ratio: its root mean square error over the other's, the geometric mean.
    interval: 95 %, by resampled tasks.
    p_value: of Wilcoxon's signed-rank test of the log ratios, two-sided.
  """

  tasks: int
  better: int
  ratio: float
  interval: tuple[float, float]
  p_value: float


def hold(matrix: ForgettingMatrix) -> Contest | None:
  """Holds one against the other on every task.

  Args:
    matrix: Z.

  Returns:
    None where cells are missing, where there are fewer than `FEWEST` tasks, or
    where one of the two is exact.
  """
  names, which = np.unique(matrix.repeats, return_inverse=True)
  if not matrix.measured.all() or len(names) < FEWEST:
    return None
  gram = matrix.values @ matrix.values.T
  means = matrix.values.mean(1)
  errors = np.array(
    [
      _errors(gram, means, matrix.shape[1], which == group)
      for group in range(len(names))
    ]
  )
  if not (errors > 1e-12 * np.trace(gram)).all():
    return None
  from scipy.stats import wilcoxon  # dear to import, and a page has no need

  logs = np.log(errors[:, 0] / errors[:, 1]) / 2
  generator = np.random.default_rng(0)
  drawn = generator.choice(logs, (DRAWS, len(logs))).mean(1)
  low, high = np.exp(np.quantile(drawn, [0.025, 0.975]))
  return Contest(
    tasks=len(logs),
    better=int((logs < 0).sum()),
    ratio=float(np.exp(logs.mean())),
    interval=(float(low), float(high)),
    p_value=float(wilcoxon(logs).pvalue),
  )


def _errors(gram, means, columns: int, own) -> tuple[float, float]:
  """Sums of squares over the rows held out: multiplicative, additive."""
  rest = ~own
  values, left = np.linalg.eigh(gram[np.ix_(rest, rest)])
  onto = (
    left[:, -1] @ gram[np.ix_(rest, own)] / np.sqrt(max(values[-1], 1e-300))
  )
  whole = np.diagonal(gram)[own]
  # of z - mean of the others, its own mean taken out
  across = gram[np.ix_(rest, own)].mean(0)
  apart = whole - 2 * across + gram[np.ix_(rest, rest)].mean()
  offset = means[own] - means[rest].mean()
  multiplicative = (whole - np.square(onto)).sum()
  return multiplicative, (apart - columns * np.square(offset)).sum()
