"""Tables as text: which separator, which columns, and the line of each row."""

import re
from typing import NamedTuple

import numpy as np

from forgetting.config import InputError
from forgetting.records import table_rows, told
from forgetting.records.distinct import Distinct
from forgetting.storage import encoding

_SEPARATORS = (",", ";", "\t", "|")


class Columns(NamedTuple):
  """A table, all of it text.

  Attributes:
    names: of the columns, without blanks around them; one may be there twice.
    values: of each column.
    lines: [rows] in which line of the file each begins.
    separator: what parts them.
  """

  names: list[str]
  values: list[Distinct]
  lines: np.ndarray
  separator: str


def decoded(content: bytes, where: str) -> str:
  """A text file's content, by its mark or as UTF-8.

  Args:
    content: all of it.
    where: what errors call the file.

  Raises:
    InputError: it is neither; names the line.
  """
  name, mark = encoding.of(content[: encoding.LOOKED_AT])
  try:
    return content[mark:].decode(name)
  except UnicodeDecodeError as error:
    line = error.object[: error.start].count(b"\n")
    byte = error.object[error.start]
    raise InputError(
      f"{where} line {line + 1}: found byte 0x{byte:02x}"
      f" ({bytes([byte]).decode('cp1252', 'replace')} in Windows-1252),"
      f" expected {name.upper()}: save the table as UTF-8"
    ) from error


def columns(text: str, where: str, *, likely: str = ",") -> Columns:
  """Takes a table apart that has a row a line.

  Rows with fewer values than the header are left out, and told.

  Args:
    text: with the names of the columns in its first line.
    where: what errors call the file.
    likely: the separator, where the text does not say.

  Raises:
    InputError: it is empty, or a row has more values than the header.
  """
  text, before = _without_comments(*_without_hint(text), likely, where)
  by = separator(text, likely)
  if by == " ":
    text = re.sub(r"[ \t]+", " ", re.sub(r"(?m)^[ \t]+|[ \t]+$", "", text))
  rows = table_rows.rows(text, by)
  first = next(rows, None)
  if first is None:
    raise InputError(f"{where} is empty, expected a table with names on top")
  header = [name.strip() for name in first]
  extra = next(rows, [])[len(header) :]
  width = len(header) + (len(extra) if not any(map(str.strip, extra)) else 0)
  values, lines = table_rows.below_header(
    text, by, width=width, where=where, before=before
  )
  return Columns(header, values[: len(header)], lines, by)


def _without_hint(text: str) -> tuple[str, int]:
  """Without the `sep=;` that spreadsheets write on top, and its lines."""
  match = re.match(r'"?sep=.?"?\r?\n', text)
  return (text[match.end() :], 1) if match else (text, 0)


def _without_comments(
  text: str, before: int, likely: str, where: str
) -> tuple[str, int]:
  """Without the lines of # on top, and how many lines are gone by then.

  Names of columns behind the last # are names, as numpy.savetxt writes them.
  """
  match = re.match(r"(?:[ \t]*#[^\r\n]*(?:\r\n|\n|\r|$))+", text)
  if match is None:
    return text, before
  above, rest = match.group().splitlines(), text[match.end() :]
  if _has_number(rest, likely):  # no names in its first line
    rest = f"{above.pop().strip(' ').lstrip('# ')}\n{rest}"
    first, second = _widths(rest, separator(rest, likely))
    if first != second:
      raise InputError(
        f"{where} line {before + len(above) + 2}: found {second} values below"
        f" {first} behind #, expected names of as many columns on top"
      )
  if above:
    lines = f"{len(above)} line{'s' * (len(above) > 1)}"
    told.tell(f"{where}: {lines} of # on top left out")
  return rest, before + len(above)


def _has_number(text: str, likely: str) -> bool:
  """Whether a value of the first row is a number."""
  by = separator(text, likely)
  row = next(table_rows.rows(text, by), [])
  return any(re.fullmatch(r"\s*[-+]?[\d.,]+(e[-+]?\d+)?\s*", v) for v in row)


def _widths(text: str, by: str) -> tuple[int, int]:
  """How many values the first two rows have."""
  if by == " ":
    first, second, *_ = (*text.splitlines(), "", "")
    return len(first.split()), len(second.split())
  rows = table_rows.rows(text, by)
  return len(next(rows, [])), len(next(rows, []))


def separator(text: str, likely: str) -> str:
  """What takes the first two rows apart alike, into the most values.

  Args:
    text: a table, or its beginning.
    likely: the separator, where the text does not say.
  """
  found, text = [], text[: table_rows.LONGEST]
  for mark in sorted(_SEPARATORS, key=lambda s: s != likely):
    rows = table_rows.rows(text, mark)
    sizes = [len(next(rows, [])), len(next(rows, []))]
    alike = not sizes[1] or sizes[0] == sizes[1]
    found.append((sizes[0] if alike else 1, sizes[0], mark))
  best = max(found, key=lambda f: f[:2])
  if best[1] > 1:
    return best[2]
  lines = [line.split() for line in text.splitlines()[:20] if line.strip()]
  sizes_by_blank = {len(line) for line in lines}
  if '"' not in text and len(lines) > 1 and len(sizes_by_blank) == 1:
    return " " if sizes_by_blank != {1} else likely
  return likely
