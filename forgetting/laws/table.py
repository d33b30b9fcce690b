"""Tables of runs in, checked columns out.

Everything that a fit refuses is refused here, in one line: rows that are not
numbers, sizes that are not positive, too few levels on an axis.
"""

from __future__ import annotations

from collections.abc import Mapping
import os

import numpy as np

from forgetting import records
from forgetting.config import InputError
from forgetting.laws.law import Law, Variable
from forgetting.storage.places import place

READERS = {
  ".csv": "read_csv",
  ".parquet": "read_parquet",
  ".jsonl": "read_json",
}


def load(table):
  """A data frame from a data frame, a dict, a file or a study directory."""
  import pandas as pd

  if isinstance(table, pd.DataFrame):
    return table.reset_index(drop=True)
  if isinstance(table, Mapping):
    return pd.DataFrame(dict(table))
  path = os.fspath(table)
  ending = os.path.splitext(path)[1].lower()
  if ending in READERS:
    if not place(path).exists():
      raise InputError(f"no table at {path}: give a CSV, parquet or JSONL file")
    options = {"lines": True} if ending == ".jsonl" else {}
    try:
      return getattr(pd, READERS[ending])(path, **options)
    except (ValueError, OSError) as problem:
      why = str(problem).splitlines()[0]
      raise InputError(f"cannot read the table {path}: {why}") from problem
  from forgetting import records

  return records.load(path)


def rename(frame, law: Law, columns: Mapping[str, str] | None):
  """Gives the columns the names of the design.

  Args:
    columns: ours -> theirs. Ours is a column's name, a variable's symbol
      (N, D, p, ...), or `loss` (or L) for the loss that the law predicts.
  """
  for ours, theirs in (columns or {}).items():
    if theirs not in frame:
      found = ", ".join(map(str, frame.columns))
      raise InputError(f"columns: no column {theirs!r} in the table ({found})")
    if ours in ("loss", "L"):
      ours = law.loss.columns[0]
    elif ours in law.variables:
      ours = law.variables[ours].columns[0]
    frame = frame.assign(**{ours: frame[theirs]})
  return frame


def select(frame, law: Law):
  """The rows that the law is about: finished, and of the right kind."""
  if "status" in frame:
    frame = frame[frame["status"] == "done"]
  frame = records.random_injection(frame)
  if "domain" in frame and law.rows != "all":
    domain = frame["domain"]
    named = domain.notna() & (domain.astype(str) != "")
    if law.rows == "finetunings":
      frame = frame[named]
    elif not named.all():
      frame = frame[~named]
  if not len(frame):
    raise InputError(
      f"no rows for law {law.name}: it needs finished {law.rows} runs".replace(
        "all runs", "runs"
      )
    )
  return frame.reset_index(drop=True)


def column_of(frame, variable: Variable, symbol: str) -> str:
  """The name under which the table has a variable."""
  for name in variable.columns:
    if name in frame:
      return name
  wanted = " or ".join(variable.columns)
  raise InputError(
    f"no column {wanted} ({symbol}, {variable.unit}) in the table: "
    f"name yours with columns {symbol}=NAME"
  )


def numbers(frame, variable: Variable, symbol: str) -> np.ndarray:
  """A variable's values as float64 [rows], checked for its kind."""
  name = column_of(frame, variable, symbol)
  dtype = str(frame[name].dtype).lower()
  if dtype in ("float32", "float16"):
    raise InputError(
      f"column {name} is {dtype}: fits need float64 (rounding moves the "
      f"optimum), write it again or convert it if it is all there is"
    )
  try:
    values = frame[name].to_numpy(dtype=float)
  except (TypeError, ValueError):
    raise InputError(f"column {name} is not numbers ({dtype})") from None
  _refuse(name, values, ~np.isfinite(values), "not finite numbers")
  if variable.kind == "fraction":
    _refuse(name, values, (values < 0) | (values > 1), "not in [0, 1]")
  else:
    _refuse(name, values, values <= 0, "not positive")
  return values


def _refuse(name: str, values, wrong, what: str):
  if wrong.any():
    first = int(np.flatnonzero(wrong)[0])
    raise InputError(
      f"column {name}: {int(wrong.sum())} of {len(values)} values are {what} "
      f"(row {first}: {values[first]:g}); repair or drop them"
    )


def levels(values) -> int:
  """How many distinct values an axis has, to nine digits."""
  ordered = np.sort(values)
  gap = np.diff(ordered) > 1e-9 * np.abs(ordered[1:])
  return int(gap.sum()) + 1


def codes(frame, columns: tuple[str, ...]) -> np.ndarray:
  """A group number for every row, one a distinct tuple of the columns."""
  present = [name for name in columns if name in frame]
  if not present:
    return np.arange(len(frame))
  grouped = frame.groupby(present, sort=True, dropna=False)
  return grouped.ngroup().to_numpy()
