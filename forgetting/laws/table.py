"""Tables of runs in, checked columns out.

Everything that a fit refuses is refused here, in one line: rows that are not
numbers, sizes that are not positive, too few levels on an axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from forgetting import records
from forgetting.config import InputError
from forgetting.laws import trained
from forgetting.laws.law import Law, Variable
from forgetting.records import table_columns, table_file, table_values


def load(
  table, law: Law | None = None, columns: Mapping[str, str] | None = None
):
  """Gets a data frame out of all that the laws take.

  Args:
    table: a data frame, a mapping of columns, a file that
      `records.table_file` reads, or a study's directory.
    law: which of a study's tables is meant: its runs, or for a law of
      evaluations its curves.
    columns: ours -> theirs, as for `rename`, which is not done here: what is
      text under our name is read as text.

  Returns:
    a pandas.DataFrame with rows numbered from 0; of a file it has the column
    `records.table_columns.LINE`.

  Raises:
    InputError: nothing there, or nothing that can be read.
  """
  import pandas as pd

  if isinstance(table, Mapping):
    table = pd.DataFrame(dict(table))
  if isinstance(table, pd.DataFrame):
    return table_columns.with_losses(table.reset_index(drop=True))
  if table_file.is_table(table):
    return table_file.read(
      table, text=table_file.text_columns(columns), lines=True
    )
  if law is not None and law.rows == "evaluations":
    return records.curves(table)
  return records.load(table)


def names_of(law: Law, columns: Mapping[str, str] | None) -> dict[str, str]:
  """Resolves the symbols of a law in a mapping of column names.

  Args:
    law: whose symbols are meant.
    columns: ours -> theirs; ours is a column's name, a variable's symbol
      (N, D, p, ...), or `loss` (or L) for the loss that the law predicts.

  Returns:
    our column's name -> theirs.
  """
  out = {}
  for ours, theirs in (columns or {}).items():
    if ours in ("loss", "L"):
      ours = law.loss.columns[0]
    elif ours in law.variables:
      ours = law.variables[ours].columns[0]
    out[ours] = theirs
  return out


def rename(frame, law: Law, columns: Mapping[str, str] | None):
  """Gives the columns of a data frame our names.

  Args:
    frame: a data frame; it is not changed.
    law: whose symbols `columns` may use.
    columns: ours -> theirs, as for `names_of`.

  Returns:
    a data frame that has the renamed columns beside the old ones.

  Raises:
    InputError: a column to rename is not there.
  """
  frame = table_file.renamed(frame, names_of(law, columns))
  if columns:
    frame = table_columns.understood(frame, "the table")
  if law.rows == "evaluations":
    return trained.evaluations(frame)
  counts = law.trained or law.rows == "turned"
  return trained.with_tokens(frame) if counts else frame


def select(frame, law: Law):
  """Keeps the rows that a law is about.

  Args:
    frame: a data frame with our names, one row a run.
    law: which kind of runs it describes.

  Returns:
    the finished runs of that kind that inject by chance, numbered from 0; of
    fine-tunings by several methods the full ones, see `records.by_method`.

  Raises:
    InputError: there is none.
  """
  every = frame
  if "status" in frame:
    frame = frame[frame["status"] == table_columns.DONE]
    table_columns.tell_left_out(every, frame)
  reference = records.replay_reference(every)
  frame, _ = records.by_method(records.random_injection(frame, reference))
  if "domain" in frame and law.rows != "all":
    domain = frame["domain"]
    named = domain.notna() & (domain.astype(str) != "")
    if law.tunes:
      frame = frame[named]
    elif not named.all():
      frame = frame[~named]
  if law.rows == "turned":
    frame = _turned(frame, law)
  if not len(frame):
    raise InputError(
      f"no rows for law {law.name}: it needs finished {law.rows} runs".replace(
        "all runs", "runs"
      )
      + table_columns.found_status(every)
    )
  return frame.reset_index(drop=True)


def domain_of(names: Sequence[str], domain) -> str:
  """The domain that is asked for, or the only one that there is.

  Args:
    names: of all that are there.
    domain: of which it is; None is the only one.

  Raises:
    InputError: it is not there, or none is named of several.
  """
  if domain is None and len(names) == 1:
    return names[0]
  if str(domain) not in names:
    found = "no domain given" if domain is None else f"no domain {domain!r}"
    raise InputError(f"{found}: the table has {', '.join(names)}")
  return str(domain)


def _turned(frame, law: Law):
  """The runs that went past their bottom; all of a table without steps."""
  if not {"best_step", "steps"} <= {*frame.columns}:
    return frame
  kept = frame[trained.turned(frame)]
  if len(frame) and not len(kept):
    raise InputError(
      f"law {law.name}: found {len(frame)} fine-tunings that end at their best,"
      " expected some whose target loss turned before: train for more epochs"
    )
  return kept


def column_of(frame, variable: Variable, symbol: str) -> str:
  """Finds the name under which a table has a variable.

  Args:
    frame: a data frame.
    variable: with the names that it may have.
    symbol: the variable's in the equation, for the error.

  Raises:
    InputError: the table has none of the names.
  """
  for name in variable.columns:
    if name in frame:
      return name
  wanted = " or ".join(variable.columns)
  raise InputError(
    f"no column {wanted} ({symbol}, {variable.unit}) in the table: "
    f"name yours with columns {symbol}=NAME"
  )


def numbers(frame, variable: Variable, symbol: str) -> np.ndarray:
  """Reads a variable's values, checked for its kind.

  Args:
    frame: a data frame.
    variable: a size and a loss are positive, a fraction lies in [0, 1].
    symbol: the variable's in the equation, for the error.

  Returns:
    float64 [rows], in the column's unit.

  Raises:
    InputError: no such column, or values that no fit could use.
  """
  name = column_of(frame, variable, symbol)
  values = table_values.floats(frame, name)
  table_values.refuse(frame, name, ~np.isfinite(values), "not finite numbers")
  if variable.kind == "fraction":
    table_values.check_fraction(frame, name)
  else:
    table_values.refuse(frame, name, values <= 0, "not positive")
  return values


def levels(values) -> int:
  """Counts the distinct values [rows] of an axis, to nine digits."""
  ordered = np.sort(values)
  gap = np.diff(ordered) > 1e-9 * np.abs(ordered[1:])
  return int(gap.sum()) + 1


def codes(frame, columns: tuple[str, ...]) -> np.ndarray:
  """Numbers the groups of rows that agree in some columns.

  Args:
    frame: a data frame.
    columns: those of them that are there decide.

  Returns:
    [rows] group numbers from 0; every row its own where no column is there.
  """
  present = [name for name in columns if name in frame]
  if not present:
    return np.arange(len(frame))
  grouped = frame.groupby(present, sort=True, dropna=False)
  return grouped.ngroup().to_numpy()
