"""The forgetting matrix Z: a row a fine-tuning, a column an example.

Z[i, j] is what the loss of pretraining example j has risen by, in nats per
token, once the model was fine-tuned on task i: above 0 it was forgotten. NaN
is a cell that nobody measured.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from forgetting.config import InputError


@dataclasses.dataclass(frozen=True)
class ForgettingMatrix:
  """Z and what its rows and columns are.

  Attributes:
    values: [M, N] float64, nats per token; NaN where not measured.
    tasks: [M] names of the rows, each once.
    examples: [N] ids of the columns, each once.
    sources: [N] where each example comes from; "" where unknown.
    families: [M] what each task is a part of: its domain, its collection.
    repeats: [M] rows that share a word here are one task with other seeds.
    parents: [M] what each task started from; "" where unknown.
    targets: [M] rows that share a word here are one task, whatever their
      parent and seed.
    numbers: [M] of the rows where they came from, from 0: rows that were left
      out have taken theirs along.
    base: [M, N] loss before fine-tuning, nats per token, or None.
    texts: [N] objects, what each example says, or None.
    task_texts: [M] objects, tuples of what each task was trained on, or None.
  """

  values: np.ndarray
  tasks: np.ndarray
  examples: np.ndarray
  sources: np.ndarray
  families: np.ndarray
  repeats: np.ndarray
  parents: np.ndarray
  targets: np.ndarray
  numbers: np.ndarray
  base: np.ndarray | None = None
  texts: np.ndarray | None = None
  task_texts: np.ndarray | None = None

  def __post_init__(self):
    if self.values.ndim != 2 or 0 in self.values.shape:
      raise InputError(
        f"forgetting matrix: found shape {self.values.shape}, expected tasks"
        " x examples, one or more of each"
      )
    if np.isinf(self.values).any():
      raise InputError(
        f"forgetting matrix: found {np.isinf(self.values).sum()} infinite"
        " values, expected numbers or NaN for cells that were not measured"
      )
    shapes = dict(
      zip(("tasks", "examples"), self.values.shape, strict=True),
      sources=self.values.shape[1],
    )
    shapes |= dict.fromkeys(
      ("families", "repeats", "parents", "targets"), self.values.shape[0]
    )
    if self.texts is not None:
      shapes["texts"] = self.values.shape[1]
    if self.task_texts is not None:
      shapes["task_texts"] = self.values.shape[0]
    for name, count in shapes.items():
      if getattr(self, name).shape != (count,):
        raise InputError(
          f"{name}: found {len(getattr(self, name))} names, expected {count}"
        )
    if self.base is not None and self.base.shape != self.values.shape:
      raise InputError(
        f"base: found shape {self.base.shape}, expected {self.values.shape},"
        " a loss of every example before each task, or one row for all"
      )
    for name in ("tasks", "examples"):
      if len(np.unique(getattr(self, name))) < shapes[name]:
        raise InputError(f"{name}: found a name twice, expected each once")

  @property
  def shape(self) -> tuple[int, int]:
    """Numbers of tasks and of examples, (M, N)."""
    return self.values.shape

  @property
  def measured(self) -> np.ndarray:
    """Whether a cell was measured, [M, N]."""
    return ~np.isnan(self.values)

  @property
  def binary(self) -> bool:
    """Whether cells say only that an example was forgotten, or was not."""
    seen = self.values[self.measured]
    return bool(np.isin(seen, (0.0, 1.0)).all()) and len(np.unique(seen)) == 2

  def take(self, rows=slice(None), columns=slice(None)) -> ForgettingMatrix:
    """Some rows and some columns, in the order asked for.

    Args:
      rows, columns: positions, or a mask or slice of them; by default all.
    """

    def part(array, *index):
      return None if array is None else array[index]

    values = self.values[rows]
    base = part(self.base, rows)
    return ForgettingMatrix(
      values=values[:, columns],
      tasks=self.tasks[rows],
      examples=self.examples[columns],
      sources=self.sources[columns],
      families=self.families[rows],
      repeats=self.repeats[rows],
      parents=self.parents[rows],
      targets=self.targets[rows],
      numbers=self.numbers[rows],
      base=None if base is None else base[:, columns],
      texts=part(self.texts, columns),
      task_texts=part(self.task_texts, rows),
    )

  def without_unmeasured(self) -> ForgettingMatrix:
    """Leaves out rows and columns in which nothing was measured.

    Rows keep their numbers.

    Raises:
      InputError: nothing was measured at all.
    """
    measured = self.measured
    rows, columns = measured.any(1), measured.any(0)
    if not rows.any():
      raise InputError("forgetting matrix: found NaN only, expected numbers")
    if rows.all() and columns.all():
      return self
    return self.take(rows, columns)


def build(
  values,
  *,
  tasks: Sequence[str] | None = None,
  examples: Sequence[str] | None = None,
  sources: Sequence[str] | None = None,
  families: Sequence[str] | None = None,
  repeats: Sequence[str] | None = None,
  parents: Sequence[str] | None = None,
  targets: Sequence[str] | None = None,
  base=None,
  texts: Sequence[str] | None = None,
  task_texts: Sequence[Sequence[str]] | None = None,
) -> ForgettingMatrix:
  """A matrix from arrays, with plain names for what has none.

  Args:
    values: [M, N], nats per token; NaN where not measured.
    tasks: [M], by default "task 0", ...
    examples: [N], by default "example 0", ...
    sources: [N], by default "".
    families: [M], by default a task's name up to its first "/".
    repeats: [M], by default every row is a task of its own.
    parents: [M], by default "".
    targets: [M], by default as `repeats`.
    base: [M, N] loss before fine-tuning, nats per token, or [N] where all
      tasks began at one model, or None.
    texts: [N] what each example says, or None.
    task_texts: [M] of each task the texts it was trained on, or None.

  Raises:
    InputError: names and values do not fit, a name is twice, or infinities.
  """
  values = _numbers("forgetting matrix", values)
  rows, columns = values.shape if values.ndim == 2 else (0, 0)
  tasks = _names(tasks, [f"task {i}" for i in range(rows)])
  if families is None:
    parts = [task.partition("/") for task in tasks]
    families = [head if slash else "" for head, slash, _ in parts]
  return ForgettingMatrix(
    values=values,
    tasks=tasks,
    examples=_names(examples, [f"example {j}" for j in range(columns)]),
    sources=_names(sources, [""] * columns),
    families=_names(families, []),
    repeats=_names(repeats, tasks),
    parents=_names(parents, [""] * rows),
    targets=_names(targets, _names(repeats, tasks)),
    numbers=np.arange(rows),
    base=None if base is None else _base(base, values.shape),
    texts=_objects(texts, str),
    task_texts=_objects(task_texts, tuple),
  )


def _numbers(name: str, given) -> np.ndarray:
  try:
    return np.asarray(given, np.float64)
  except (TypeError, ValueError) as error:
    raise InputError(
      f"{name}: found values that are no numbers ({error})"
    ) from None


def _base(given, shape: tuple[int, ...]) -> np.ndarray:
  """Losses before each task; one row is that of every task."""
  base = _numbers("base", given)
  one_row = base.ndim == 1 and base.shape == shape[1:]
  return np.broadcast_to(base, shape).copy() if one_row else base


def _objects(given, kind) -> np.ndarray | None:
  if given is None:
    return None
  out = np.empty(len(given), object)
  out[:] = [kind(item) for item in given]
  return out


def _names(given, default) -> np.ndarray:
  names = default if given is None else given
  names = [n.decode() if isinstance(n, bytes) else str(n) for n in names]
  return np.array(names, dtype=np.str_)


def fill(values: np.ndarray, *, rounds: int = 100) -> np.ndarray:
  """Replaces unmeasured cells by row effect + column effect.

  The additive least-squares fit to the measured cells, by alternation.

  Args:
    values: [M, N]; without NaN it is given back as it is.
    rounds: of the alternation, at most.

  Returns:
    [M, N] without NaN.
  """
  missing = np.isnan(values)
  if not missing.any():
    return values
  filled = np.where(missing, np.nanmean(values), values)
  for _ in range(rounds):
    rows, columns = filled.mean(1, keepdims=True), filled.mean(0)
    guess = (rows + columns - filled.mean())[missing]
    moved = np.abs(filled[missing] - guess).max()
    filled[missing] = guess
    if moved <= 1e-10 * np.abs(filled).max():
      break
  return filled
