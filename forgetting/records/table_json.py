"""Tables as JSON: a record a line, a list of records, or columns."""

from collections.abc import Iterator, Mapping, Sequence
import json
from typing import TYPE_CHECKING

from forgetting.config import InputError

if TYPE_CHECKING:
  import pandas as pd

_EXPECTED = "a record a line, a list of records, or an object of columns"


def frame(text: str, where: str) -> "pd.DataFrame":
  """Reads a table from JSON, whichever way it is written.

  Args:
    text: all of it.
    where: what errors call the file.

  Returns:
    a data frame; its index tells the line of each row where a row is a line,
    else its number.

  Raises:
    InputError: it is no JSON, or no table; names the line.
  """
  import pandas as pd

  try:
    whole = json.loads(text)
  except (ValueError, RecursionError):
    records, lines = _by_line(text, where)
    return pd.DataFrame(records, index=lines)
  if isinstance(whole, Mapping):
    return _of_object(whole, where)
  if isinstance(whole, list) and all(isinstance(r, Mapping) for r in whole):
    return pd.DataFrame(whole)
  raise InputError(f"{where}: found {_kind(whole)}, expected {_EXPECTED}")


def _by_line(text: str, where: str) -> tuple[list[Mapping], list[int]]:
  records, lines = [], []
  for number, line in enumerate(text.split("\n"), 1):
    if not line.strip():
      continue
    try:
      record = json.loads(line)
    except (ValueError, RecursionError) as error:
      told = getattr(error, "msg", "nested too deeply, or a number too long")
      raise InputError(
        f"{where} line {number} is no JSON ({told}), expected {_EXPECTED}"
      ) from error
    if not isinstance(record, Mapping):
      raise InputError(
        f"{where} line {number}: found {_kind(record)}, expected an object with"
        " the columns' names"
      )
    records.append(record)
    lines.append(number)
  return records, lines


def _of_object(whole: Mapping, where: str) -> "pd.DataFrame":
  """One record, columns, or columns and their rows apart."""
  import pandas as pd

  if isinstance(whole.get("data"), list) and isinstance(
    whole.get("columns"), list
  ):
    try:
      return pd.DataFrame(whole["data"], columns=whole["columns"])
    except ValueError as error:
      raise InputError(f"{where}: {error}") from error
  for name in ("data", "rows", "records"):
    rows = whole.get(name)
    if isinstance(rows, list) and all(isinstance(r, Mapping) for r in rows):
      return pd.DataFrame(rows)
  if not any(isinstance(v, (list, Mapping)) for v in whole.values()):
    return pd.DataFrame([whole])
  columns = dict(_columns(whole))
  if len({len(values) for values in columns.values()}) > 1:
    sizes = ", ".join(f"{name} {len(v)}" for name, v in columns.items())
    raise InputError(f"{where}: found columns of other lengths ({sizes})")
  if len(columns) < len(whole):
    raise InputError(f"{where}: found an object, expected {_EXPECTED}")
  return pd.DataFrame(columns)


def _columns(whole: Mapping) -> Iterator[tuple[str, Sequence]]:
  """Columns as lists, or as objects from a row's name to its value."""
  for name, values in whole.items():
    if isinstance(values, Mapping):
      yield name, list(values.values())
    elif isinstance(values, list):
      yield name, values


def _kind(value: object) -> str:
  names = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
  }
  return names.get(type(value), "null" if value is None else "a number")
