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
IN_A_BOX = 10  # rows kept of a box, where there are more cells than rows kept


def spread(
  cells: Sequence[np.ndarray], loss: np.ndarray, count: int = KEPT
) -> tuple[np.ndarray, np.ndarray]:
  """Chooses rows evenly over the cells of a design and over losses in each.

  By value and not by order, so a shuffled table gives the same. Every cell
  keeps some rows; where there are more cells than rows to keep, neighbours are
  taken together in boxes, and rows are spread over what the losses in each are
  off a plane through them.

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
    box = _boxes(cells, max(1, count // IN_A_BOX))
    return spread([box], _off_planes(cells, loss, box), count)
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


def _boxes(cells: Sequence[np.ndarray], most: int) -> np.ndarray:
  """[rows] box numbers: all rows halved at medians, by one column in turn."""
  box = np.zeros(len(cells[0]), int)
  for level in range(most.bit_length() - 1):
    order = np.lexsort([cells[level % len(cells)], box])
    sizes = np.bincount(box)
    first = np.cumsum(sizes) - sizes
    upper = np.empty(len(box), int)
    place = np.arange(len(box)) - first[box[order]]
    upper[order] = place >= sizes[box[order]] / 2
    box = 2 * box + upper
  return box


def _off_planes(cells, loss: np.ndarray, box: np.ndarray) -> np.ndarray:
  """[rows] losses less a plane in the cells' columns, box by box."""
  out = np.empty(len(loss))
  order = np.argsort(box, kind="stable")
  for rows in np.split(order, np.cumsum(np.bincount(box))[:-1]):
    columns = [np.log(c[rows]) if c.min() > 0 else c[rows] for c in cells]
    middles = [c - c.mean() for c in columns]
    design = np.stack([np.ones(len(rows)), *middles], axis=1)
    plane, *_ = np.linalg.lstsq(design, loss[rows], rcond=None)
    out[rows] = loss[rows] - design @ plane
  return out


def _cap(sizes: np.ndarray, count: int) -> int:
  """The most rows that a cell may keep for all together to keep `count`."""
  low, high = 1, count
  while low < high:
    middle = (low + high + 1) // 2
    fits = np.minimum(sizes, middle).sum() <= count
    low, high = (middle, high) if fits else (low, middle - 1)
  return low
