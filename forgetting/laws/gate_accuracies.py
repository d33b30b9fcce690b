"""What two models answered of tasks, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forgetting.config import InputError

# the first that a task has: what its authors and leaderboards tell
METRICS = ("acc_norm", "acc", "exact_match", "mcc", "f1")


@dataclass(frozen=True)
class Accuracy:
  """What became of a task.

  Attributes:
    task: its name.
    metric: that lm-evaluation-harness gives of it, as acc_norm.
    base, tuned: fractions, before and after.
    base_error, tuned_error: their standard errors, as the harness has them;
      nan where it has none.
  """

  task: str
  metric: str
  base: float
  tuned: float
  base_error: float
  tuned_error: float

  @property
  def change(self) -> float:
    """After minus before."""
    return self.tuned - self.base

  @property
  def error(self) -> float:
    """Its standard error as if of other questions: too large, as both had
    the same."""
    return float(np.hypot(self.base_error, self.tuned_error))


def paired(
  base: Mapping[str, Mapping], tuned: Mapping[str, Mapping]
) -> tuple[Accuracy, ...]:
  """Puts the harness' results of two models side by side.

  Args:
    base, tuned: task -> "metric,filter" -> value, as of its results files.

  Raises:
    InputError: a task without a number, or that one of the two lacks.
  """
  out = []
  for task, before in base.items():
    key = _metric(task, before)
    after = tuned.get(task, {})
    if key not in after:
      raise InputError(
        f"--tasks: found no {key} of {task} of the tuned model, expected it as"
        " of the base"
      )
    metric, _, filtered = key.partition(",")
    error = f"{metric}_stderr,{filtered}"
    values = (before[key], after[key], before.get(error), after.get(error))
    out.append(Accuracy(task, metric, *map(_number, values)))
  return tuple(out)


def _metric(task: str, found: Mapping) -> str:
  keys = [
    key
    for key, value in found.items()
    if "," in key and "_stderr," not in key and np.isfinite(_number(value))
  ]
  for metric in METRICS:
    for key in keys:
      if key.partition(",")[0] == metric:
        return key
  if not keys:
    raise InputError(
      f"--tasks: found no number of {task}, expected an accuracy of it"
    )
  return keys[0]


def _number(value) -> float:
  """The harness writes "N/A" where it has none."""
  return float(value) if isinstance(value, int | float) else float("nan")


def rows(found: Sequence[Accuracy]) -> list[list[str]]:
  """A table: a header, a row a task; [] of no tasks."""
  if not found:
    return []
  out = [["task", "metric", "before", "after", "change"]]
  for a in found:
    error = f" ± {a.error:.4f}" if np.isfinite(a.error) else ""
    numbers = [f"{a.base:.4f}", f"{a.tuned:.4f}", f"{a.change:+.4f}{error}"]
    out.append([a.task, a.metric, *numbers])
  return out
