"""How much of a forgetting matrix is the luck of the training seed."""

from __future__ import annotations

import dataclasses

import numpy as np

from forgetting.associations.matrix import ForgettingMatrix


@dataclasses.dataclass(frozen=True)
class Noise:
  """What rows of the same task, trained with other seeds, disagree about.

  Attributes:
    tasks: tasks that were trained with two seeds or more.
    variance: of a cell over seeds, pooled over tasks and examples.
    share: that variance as a part of the variance of all cells of Z: no
      prediction from other rows can explain this part.
    correlation: mean Pearson correlation of two rows of one task.
  """

  tasks: int
  variance: float
  share: float
  correlation: float


def measure(matrix: ForgettingMatrix) -> Noise | None:
  """How much rows of one task with other seeds disagree.

  Args:
    matrix: whose `repeats` say which rows are of one task.

  Returns:
    None where no task was trained with two seeds.
  """
  words, counts = np.unique(matrix.repeats, return_counts=True)
  groups = [matrix.values[matrix.repeats == word] for word in words[counts > 1]]
  groups = [rows[:, ~np.isnan(rows).any(0)] for rows in groups]
  groups = [rows for rows in groups if rows.shape[1] > 1]
  if not groups:
    return None
  squares = sum(((rows - rows.mean(0)) ** 2).sum() for rows in groups)
  freedom = sum((len(rows) - 1) * rows.shape[1] for rows in groups)
  variance = squares / freedom
  total = np.nanvar(matrix.values)
  return Noise(
    tasks=len(groups),
    variance=float(variance),
    share=float(variance / total) if total > 0 else float("nan"),
    correlation=float(np.mean([_agreement(rows) for rows in groups])),
  )


def _agreement(rows: np.ndarray) -> float:
  if (rows.std(1) == 0).any():
    return float("nan")
  pairs = np.corrcoef(rows)[np.triu_indices(len(rows), 1)]
  return float(pairs.mean())
