"""Numbers out of a table's columns, or one line that says which is none."""

from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError, amounts
from forgetting.records import table_numbers
from forgetting.records.table_columns import COUNTED, FILE, LINE

if TYPE_CHECKING:
  import pandas as pd


def spot(frame: "pd.DataFrame", row: int) -> str:
  """Says where a row is: its file and line, or its number in a data frame.

  Args:
    frame: with the column `LINE` where a file was read.
    row: its position in the frame.
  """
  if LINE not in frame:
    return f"row {row}"
  counted = frame.attrs.get(COUNTED, "line")
  file = frame.attrs.get(FILE, "the table")
  return f"{file} {counted} {frame[LINE].iloc[row]}"


def floats(frame: "pd.DataFrame", name: str) -> np.ndarray:
  """A column's numbers.

  Args:
    frame: a data frame.
    name: of the column.

  Returns:
    float64 [rows]; NaN where there is none.

  Raises:
    InputError: words among them, or float32; names the first.
  """
  column = frame[name]
  dtype = str(column.dtype).lower()
  if dtype in ("float32", "float16"):
    raise InputError(
      f"column {name} is {dtype}: fits need float64 (rounding moves the "
      f"optimum), write it again or convert it if it is all there is"
    )
  wrong = _is_none
  try:
    values = column.to_numpy(dtype=float, na_value=np.nan)
  except (TypeError, ValueError):
    pass
  else:
    # text passes for numbers here, also such as may be another number
    wrong = _is_unclear
    if column.dtype.kind in "biuf" or not any(map(wrong, column)):
      return values
  for row, value in enumerate(column.astype(object)):
    if wrong(value):
      count = sum(isinstance(other, str) for other in column)
      raise InputError(
        f"{spot(frame, row)}: column {name} is not numbers:"
        f" {table_numbers.why_none(str(value))} ({count} of {len(column)} rows"
        " have text)"
      )
  raise InputError(f"column {name} is not numbers ({dtype})")


def _is_none(value: object) -> bool:
  return not isinstance(value, (int, float))


def _is_unclear(value: object) -> bool:
  return isinstance(value, str) and amounts.is_ambiguous(value)


def refuse(
  frame: "pd.DataFrame",
  name: str,
  wrong: np.ndarray,
  what: str,
  *,
  todo: str = "repair or drop them",
) -> None:
  """Refuses values of a column that nothing can be reckoned with.

  Args:
    frame: a data frame.
    name: of a column of numbers.
    wrong: [rows] which they are.
    what: they are "not positive".
    todo: what to do about them.

  Raises:
    InputError: there are any; tells how many, and the first with its line.
  """
  if not wrong.any():
    return
  values = frame[name].to_numpy(dtype=float, na_value=np.nan)
  first = int(np.flatnonzero(wrong)[0])
  kinds = {
    "nan": np.isnan(values) & wrong,
    "infinite": np.isinf(values) & wrong,
  }
  counts = [f"{n.sum()} {kind}" for kind, n in kinds.items() if n.any()]
  counted = f": {', '.join(counts)}" if counts else ""
  raise InputError(
    f"column {name}: {int(wrong.sum())} of {len(values)} values are {what}"
    f"{counted} ({spot(frame, first)}: {values[first]:g}); {todo}"
  )


def check_fraction(
  frame: "pd.DataFrame", name: str, *, below_1: bool = False
) -> None:
  """Refuses what is no fraction, as percent is none.

  Args:
    frame: a data frame.
    name: of a column of numbers.
    below_1: whether 1 is none either: a fine-tuning that injects everything
      has no target text.

  Raises:
    InputError: there are such values; asks whether they are percent.
  """
  values = frame[name].to_numpy(dtype=float, na_value=np.nan)
  ask = "is it percent? Then write {0:g}% or {1:g}"
  refuse(frame, name, values < 0, "not in [0, 1]", todo="expected a fraction")
  for wrong, what in (
    (values > 1, "not in [0, 1]"),
    ((values == 1) & below_1, "1, which leaves a fine-tuning no target text"),
  ):
    if wrong.any():
      first = values[np.flatnonzero(wrong)[0]]
      refuse(frame, name, wrong, what, todo=ask.format(first, first / 100))
