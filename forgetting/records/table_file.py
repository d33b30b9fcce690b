"""The one reader of tables: a file that a user brings, as a data frame.

Laws, reports and associations all read through here, so that what one of them
takes the others take too. A further format is an entry of `READERS`.
"""

from collections.abc import Callable, Mapping, Sequence
import os
from typing import IO, TYPE_CHECKING

from forgetting.config import InputError
from forgetting.storage.places import place

if TYPE_CHECKING:
  import pandas as pd


def _csv(file: IO[bytes]) -> "pd.DataFrame":
  import pandas as pd

  return pd.read_csv(file)


def _parquet(file: IO[bytes]) -> "pd.DataFrame":
  import pandas as pd

  return pd.read_parquet(file)


def _json_lines(file: IO[bytes]) -> "pd.DataFrame":
  import pandas as pd

  return pd.read_json(file, lines=True)


# ending, in small letters -> the open file to a data frame
READERS: dict[str, Callable[[IO[bytes]], "pd.DataFrame"]] = {
  ".csv": _csv,
  ".parquet": _parquet,
  ".jsonl": _json_lines,
}


def is_table(path: str | os.PathLike) -> bool:
  """Whether a path has the ending of a table, in capitals or not."""
  return _ending(path) in READERS


def read(
  path: str | os.PathLike,
  *,
  columns: Mapping[str, str] | None = None,
  required: Sequence[str] = (),
) -> "pd.DataFrame":
  """Reads a table from a file, local or in a bucket.

  Args:
    path: a CSV, parquet or JSON lines file; the ending says which.
    columns: our name of a column -> the file's, for those that differ.
    required: columns, by our names, without which the caller cannot go on.

  Returns:
    a pandas.DataFrame with the file's columns, and a copy of those that
    `columns` renames under our names.

  Raises:
    InputError: no such file, an ending or a content that is no table, or
      columns that are missing.
  """
  path = place(path)
  reader = READERS.get(_ending(path))
  if reader is None:
    raise InputError(
      f"{path}: found {path.suffix!r}, expected {' or '.join(READERS)}"
    )
  if not path.exists():
    raise InputError(f"no table at {path}: give a CSV, parquet or JSONL file")
  try:
    with path.open("rb") as file:
      table = reader(file)
  except (ValueError, OSError) as problem:
    why = (str(problem).splitlines() or [type(problem).__name__])[0]
    raise InputError(f"cannot read the table {path}: {why}") from problem
  table = renamed(table, columns, source=str(path))
  require(table, required, source=str(path))
  return table


def renamed(
  table: "pd.DataFrame",
  columns: Mapping[str, str] | None,
  *,
  source: str = "the table",
) -> "pd.DataFrame":
  """Gives columns our names.

  Args:
    table: a data frame; it is not changed.
    columns: our name of a column -> the table's.
    source: what errors call the table.

  Returns:
    a data frame that has the renamed columns beside the old ones.

  Raises:
    InputError: a column to rename is not there.
  """
  for ours, theirs in (columns or {}).items():
    if theirs not in table:
      raise InputError(
        f"columns: no column {theirs!r} in {source} ({_listed(table)})"
      )
    table = table.assign(**{ours: table[theirs]})
  return table


def require(
  table: "pd.DataFrame", required: Sequence[str], *, source: str = "the table"
) -> None:
  """Refuses a table that lacks columns.

  Args:
    table: a data frame.
    required: the columns, by our names.
    source: what the error calls the table.

  Raises:
    InputError: naming all that are missing and all that were found.
  """
  missing = [name for name in required if name not in table]
  if missing:
    raise InputError(
      f"{source}: columns {missing} are missing; found ({_listed(table)}):"
      f" name yours with columns {missing[0]}=NAME"
    )


def _listed(table: "pd.DataFrame") -> str:
  return ", ".join(map(str, table.columns))


def _ending(path: str | os.PathLike) -> str:
  return os.path.splitext(os.fspath(path))[1].lower()
