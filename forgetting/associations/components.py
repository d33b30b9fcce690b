"""What the leading components of a forgetting matrix are made of."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from forgetting.associations.matrix import ForgettingMatrix
from forgetting.associations.structure import Structure

TASKS = 5  # named for each component
EXAMPLES = 100  # looked at for each component; of few a third


@dataclasses.dataclass(frozen=True)
class SourceShare:
  """A source among the examples that a component forgets most.

  Attributes:
    source: its name.
    among: its part of those examples.
    overall: its part of all examples.
    p_value: two-sided, of a two-proportion z-test of those against the rest.
  """

  source: str
  among: float
  overall: float
  p_value: float


@dataclasses.dataclass(frozen=True)
class Component:
  """One term s u v' of the SVD, named by what weighs most in it.

  Attributes:
    rank: 1 for the largest.
    singular_value: s.
    tasks: (name, u) by falling |u|.
    examples: (id, v) by falling |v|, the first few.
    looked: at how many examples with the largest |v|, for their sources.
    sources: of those; empty where sources are unknown, or there is one.
  """

  rank: int
  singular_value: float
  tasks: tuple[tuple[str, float], ...]
  examples: tuple[tuple[str, float], ...]
  looked: int
  sources: tuple[SourceShare, ...]


def leading(
  matrix: ForgettingMatrix, structure: Structure, *, count: int = 3
) -> tuple[Component, ...]:
  """The largest components of a matrix, named by what weighs most in them.

  Args:
    matrix: with the names of tasks, examples and sources.
    structure: of the same matrix.
    count: how many, as far as there are any.
  """
  out = []
  looked = looked_at(len(matrix.examples))
  for rank in range(min(count, len(structure.right))):
    left, right = structure.left[:, rank], structure.right[rank]
    order = np.argsort(-np.abs(right), kind="stable")
    tasks = np.argsort(-np.abs(left), kind="stable")[:TASKS]
    out.append(
      Component(
        rank=rank + 1,
        singular_value=float(structure.singular_values[rank]),
        tasks=_named(matrix.tasks, left, tasks),
        examples=_named(matrix.examples, right, order[:TASKS]),
        looked=looked,
        sources=shares(matrix.sources, order[:looked]),
      )
    )
  return tuple(out)


def looked_at(examples: int) -> int:
  """How many examples of each component are looked at for their sources.

  Args:
    examples: that there are.
  """
  return min(EXAMPLES, max(1, examples // 3))


def _named(names, values, index) -> tuple[tuple[str, float], ...]:
  return tuple((str(names[i]), float(values[i])) for i in index)


def shares(sources: np.ndarray, top: np.ndarray) -> tuple[SourceShare, ...]:
  """Which sources some examples are from, beside all examples.

  Args:
    sources: [N] of the examples.
    top: positions of those that are looked at.

  Returns:
    a share of every source, the largest first; none where sources are
    unknown, or there is one.
  """
  known = [source for source in np.unique(sources) if source]
  if len(known) < 2:
    return ()  # nothing to compare
  rest = np.delete(np.arange(len(sources)), top)
  out = []
  for source in known:
    inside, outside = (sources[part] == source for part in (top, rest))
    out.append(
      SourceShare(
        source=str(source),
        among=float(inside.mean()),
        overall=float((sources == source).mean()),
        p_value=_two_proportions(inside, outside),
      )
    )
  return tuple(sorted(out, key=lambda share: -share.among))


def _two_proportions(a: np.ndarray, b: np.ndarray) -> float:
  if not (len(a) and len(b)):
    return float("nan")
  pooled = (a.sum() + b.sum()) / (len(a) + len(b))
  deviation = np.sqrt(pooled * (1 - pooled) * (1 / len(a) + 1 / len(b)))
  if deviation == 0:
    return float("nan")
  return math.erfc(abs(a.mean() - b.mean()) / deviation / math.sqrt(2))
