"""Does the pattern stay? Matrices of one model at several stages, side by side.

Rows of a matrix may start from several parents: from earlier and later
checkpoints of a pretraining, from what earlier fine-tunings have left, from
models of several sizes. For every two parents, over the tasks that both were
fine-tuned on and the examples that all of those measured:

  pattern   the correlation of an example's mean over the tasks, from one
            parent with from the other
  within    the same with each source's mean taken off
  same      the mean correlation over examples of a task's row from one parent
            with the same task's row from the other
  other     with the rows of all other tasks from the other parent

Where `same` is above `other`, tasks keep a pattern of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import itertools
import re

import numpy as np

from forgetting.associations.matrix import ForgettingMatrix

DRAWS = 2000  # of the tasks, for an interval
FEWEST = 3  # tasks in common


@dataclasses.dataclass(frozen=True)
class Interval:
  """A number with its 95 % interval by resampled tasks."""

  value: float
  low: float
  high: float


@dataclasses.dataclass(frozen=True)
class Pair:
  """Two parents side by side.

  Attributes:
    one, other: the parents.
    tasks: in common.
    means: mean forgetting of those tasks from each parent, nats per token.
    pattern, within, same, others: see above.
    apart: same - others.
  """

  one: str
  other: str
  tasks: int
  means: tuple[float, float]
  pattern: Interval
  within: Interval
  same: Interval
  others: Interval
  apart: Interval


def compare(matrix: ForgettingMatrix) -> tuple[Pair, ...]:
  """Every two parents with `FEWEST` tasks in common or more.

  Args:
    matrix: Z, with the parents of its rows.

  Returns:
    none where all rows have one parent, or it is not known.
  """
  parents = sorted({*map(str, matrix.parents)} - {""}, key=_by_numbers)
  rows = {parent: _rows(matrix, parent) for parent in parents}
  found = [
    _pair(matrix, (one, rows[one]), (other, rows[other]))
    for one, other in itertools.combinations(parents, 2)
  ]
  return tuple(pair for pair in found if pair is not None)


def _by_numbers(parent: str) -> list[tuple[int, int | str]]:
  """250 steps before 1000 steps, and that before 1000 steps after kjv."""
  parts = re.split(r"(\d+)", parent)
  return [(0, int(p)) if p.isdecimal() else (1, p) for p in parts if p]


def _rows(matrix: ForgettingMatrix, parent: str) -> dict[str, np.ndarray]:
  """Of each target the mean row from a parent, over seeds."""
  found: dict[str, list[np.ndarray]] = {}
  own = matrix.parents == parent
  pairs = zip(matrix.targets[own], matrix.values[own], strict=True)
  for target, row in pairs:
    found.setdefault(str(target), []).append(row)
  return {target: np.mean(same, axis=0) for target, same in found.items()}


def _pair(matrix: ForgettingMatrix, one, other) -> Pair | None:
  targets = [target for target in one[1] if target in other[1]]
  if len(targets) < FEWEST:
    return None
  a, b = (np.array([rows[t] for t in targets]) for _, rows in (one, other))
  seen = ~(np.isnan(a) | np.isnan(b)).any(0)
  a, b, sources = a[:, seen], b[:, seen], matrix.sources[seen]
  if seen.sum() < FEWEST:
    return None
  numbers, count = _Numbers(a, b, sources), len(targets)
  generator = np.random.default_rng(0)
  drawn = np.array(
    [
      np.bincount(generator.integers(count, size=count), minlength=count)
      for _ in range(DRAWS)
    ]
  )
  with np.errstate(all="ignore"):
    values = numbers.of(np.ones((1, count)))[:, 0]
    low, high = np.nanquantile(numbers.of(drawn), [0.025, 0.975], axis=1)
  intervals = [
    Interval(*map(float, three))
    for three in zip(values, low, high, strict=True)
  ]
  means = float(a.mean()), float(b.mean())
  return Pair(one[0], other[0], len(targets), means, *intervals)


class _Numbers:
  """What is told of two parents, of any of their tasks in common."""

  def __init__(self, a: np.ndarray, b: np.ndarray, sources: np.ndarray):
    """Takes the products of all rows, of which the rest is made.

    Args:
      a, b: [n, c] the same tasks from two parents.
      sources: [c] of the examples.
    """
    self._plain = _products(*(_within(m, np.zeros(m.shape[1])) for m in (a, b)))
    self._inside = _products(*(_within(m, sources) for m in (a, b)))
    _, first, second = (np.diagonal(gram) for gram in self._plain)
    lengths = np.sqrt(np.outer(first, second))
    self._rows = self._plain[0] / np.where(lengths > 0, lengths, np.nan)

  def of(self, counts: np.ndarray) -> np.ndarray:
    """pattern, within, same, others, apart, [5, draws].

    Args:
      counts: [draws, n], how often each task is there.
    """
    tasks = counts.sum(1)
    squares = np.square(counts)
    itself = np.diagonal(self._rows)
    same = counts @ itself / tasks
    differ = _forms(self._rows, counts) - squares @ itself
    others = differ / (np.square(tasks) - squares.sum(1))
    patterns = (_alike(grams, counts) for grams in (self._plain, self._inside))
    return np.array([*patterns, same, others, same - others])


def _products(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
  """A B', A A', B B'."""
  return a @ b.T, a @ a.T, b @ b.T


def _alike(grams: Sequence[np.ndarray], counts: np.ndarray) -> np.ndarray:
  """The correlation of two means over tasks, of every draw."""
  across, one, other = (_forms(gram, counts) for gram in grams)
  return across / np.sqrt(one * other)


def _forms(gram: np.ndarray, counts: np.ndarray) -> np.ndarray:
  """c' G c of every row of counts."""
  return np.einsum("dn,nm,dm->d", counts, gram, counts, optimize=True)


def _within(rows: np.ndarray, sources: np.ndarray) -> np.ndarray:
  """Each source's mean taken off, row by row."""
  out = rows.copy()
  for source in np.unique(sources):
    own = sources == source
    out[:, own] -= rows[:, own].mean(1, keepdims=True)
  return out
