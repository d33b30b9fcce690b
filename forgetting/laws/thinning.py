"""Fewer rows of a huge table, which stand for all of them.

A fit's bootstraps, trials and nested choices refit it thousands of times, and
beyond some thousand rows more of the same runs bring nothing that anyone could
see. What is kept is told to the user.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST = 4000  # rows that are all fitted
KEPT = 500  # of more


def spread(
  cells: Sequence[np.ndarray], loss: np.ndarray, count: int = KEPT
) -> tuple[np.ndarray, np.ndarray]:
  """Chooses rows evenly over the cells of a design and over losses in each.

  By value and not by order, so a shuffled table gives the same. Every cell
  keeps some rows, as long as there are not more cells than rows to keep.

  Args:
    cells: columns [rows] whose values together name a row's cell.
    loss: [rows].
    count: how many rows to keep, at most.

  Returns:
    row numbers, ascending, and for each how many rows it stands for, over the
    mean of that.
  """
  order = np.lexsort([loss, *reversed(cells)])
  new = np.zeros(len(loss), bool)
  new[0] = True
  for column in cells:
    ordered = column[order]
    new[1:] |= ordered[1:] != ordered[:-1]
  first = np.flatnonzero(new)
  sizes = np.diff(np.append(first, len(loss)))
  if len(sizes) > count:
    first, sizes = np.zeros(1, int), np.array([len(loss)])
  kept = np.minimum(sizes, _cap(sizes, count))
  rows = np.concatenate(
    [
      order[start + ((np.arange(k) + 0.5) * size / k).astype(int)]
      for start, size, k in zip(first, sizes, kept, strict=True)
    ]
  )
  weight = np.repeat(sizes / kept, kept)
  ascending = np.argsort(rows)
  return rows[ascending], weight[ascending] / weight.mean()


def _cap(sizes: np.ndarray, count: int) -> int:
  """The most rows that a cell may keep for all together to keep `count`."""
  low, high = 1, count
  while low < high:
    middle = (low + high + 1) // 2
    fits = np.minimum(sizes, middle).sum() <= count
    low, high = (middle, high) if fits else (low, middle - 1)
  return low
