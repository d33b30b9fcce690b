"""What the most and the least forgotten examples say, to be read by people."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import re

import numpy as np

from forgetting.associations.matrix import ForgettingMatrix
from forgetting.associations.structure import Structure

COUNT = 10  # at either end
CHARACTERS = 200  # of each text
COMPONENTS = 3
_NUMBERED = re.compile(r"t\d+( t\d+)*")  # tokens that nobody has decoded


@dataclasses.dataclass(frozen=True)
class Reading:
  """An example and what became of it.

  Attributes:
    example: its id.
    source: where it is from; "" where unknown.
    text: its first characters, on one line.
    forgetting: nats per token; of a mean or a component the mean over tasks.
    before, after: loss, nats per token; NaN where the matrix has no base.
    weight: of a component the example's weight in it, else its forgetting:
      what the examples are ordered by.
  """

  example: str
  source: str
  text: str
  forgetting: float
  before: float
  after: float
  weight: float


@dataclasses.dataclass(frozen=True)
class Ends:
  """The two ends of the examples in some order.

  Attributes:
    name: of what they are ordered by: a task, a component, all tasks.
    most: by falling weight.
    least: by rising weight.
  """

  name: str
  most: tuple[Reading, ...]
  least: tuple[Reading, ...]


def read(matrix: ForgettingMatrix, structure: Structure) -> tuple[Ends, ...]:
  """The ends over all tasks, of each leading component, of each task.

  A component's sign is that in which its tasks weigh positively on the whole,
  so that a large weight is forgotten by them.

  Args:
    matrix: with texts.
    structure: of the same matrix.

  Returns:
    none where there are no texts, or only numbers of tokens.
  """
  if matrix.texts is None or all(map(_NUMBERED.fullmatch, matrix.texts)):
    return ()
  return tuple(_all_ends(matrix, structure))


def _all_ends(matrix, structure) -> Iterator[Ends]:
  mean, base = _column_means(matrix.values), matrix.base
  before = None if base is None else _column_means(base)
  yield _ends("all tasks", matrix, mean, before, mean)
  for rank in range(min(COMPONENTS, len(structure.right))):
    sign = 1.0 if structure.left[:, rank].sum() >= 0 else -1.0
    weight = sign * structure.right[rank]
    yield _ends(f"component {rank + 1}", matrix, mean, before, weight)
  for row, task in enumerate(matrix.tasks):
    values = matrix.values[row]
    own = None if base is None else base[row]
    yield _ends(str(task), matrix, values, own, values)


def _column_means(values: np.ndarray) -> np.ndarray:
  seen = ~np.isnan(values)
  total = np.where(seen, values, 0).sum(0)
  count = seen.sum(0)
  return np.where(count, total / np.maximum(count, 1), np.nan)


def _ends(name, matrix, forgetting, before, weight) -> Ends:
  seen = np.flatnonzero(~np.isnan(forgetting))
  order = seen[np.argsort(-weight[seen], kind="stable")]
  if before is None:
    before = np.full(len(forgetting), np.nan)

  def reading(at: int) -> Reading:
    return Reading(
      example=str(matrix.examples[at]),
      source=str(matrix.sources[at]),
      text=excerpt(matrix.texts[at]),
      forgetting=float(forgetting[at]),
      before=float(before[at]),
      after=float(before[at] + forgetting[at]),
      weight=float(weight[at]),
    )

  return Ends(
    name,
    most=tuple(map(reading, order[:COUNT])),
    least=tuple(map(reading, order[::-1][:COUNT])),
  )


def excerpt(text: str) -> str:
  """The first `CHARACTERS` of a text, on one line.

  Args:
    text: with line ends and whatever else it has.
  """
  line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
  return line if len(line) <= CHARACTERS else line[: CHARACTERS - 1] + "…"
