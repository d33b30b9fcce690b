"""Tables as text: which separator, which columns, and the line of each row."""

from collections.abc import Iterator, Sequence
import csv
import io
import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from forgetting.config import InputError
from forgetting.records import told
from forgetting.storage import encoding

_SEPARATORS = (",", ";", "\t", "|")
_NAMED = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "|"}
_BLOCK = 1 << 24  # bytes parsed at a time; no row may be longer
csv.field_size_limit(_BLOCK)


class Columns(NamedTuple):
  """A table, all of it text.

  Attributes:
    names: of the columns, without blanks around them; one may be there twice.
    values: of each column.
    lines: [rows] in which line of the file each begins.
    separator: what parts them.
  """

  names: list[str]
  values: list[pa.ChunkedArray]
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
  rows = _rows(text, by)
  first = next(rows, None)
  if first is None:
    raise InputError(f"{where} is empty, expected a table with names on top")
  end, header = first
  header = [name.strip() for name in header]
  second = next(rows, None)
  if second is None:
    empty = pa.chunked_array([[]], pa.string())
    return Columns(header, [empty] * len(header), np.zeros(0, int), by)
  extra = second[1][len(header) :]
  width = len(header) + (len(extra) if not any(map(str.strip, extra)) else 0)
  table, whole = _parsed(text, by, skip=end, width=width)
  if whole and '"' not in text and text.count("\n", 0) <= end + len(table):
    # a row a line, none of them blank
    lines = np.arange(len(table)) + end + 1
  else:
    lines = _lines(text, by, width=width, where=where, before=before)
  values = table.columns[: len(header)]
  return Columns(header, values, lines + before, by)


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
  _, row = next(_rows(text, by), (0, []))
  return any(re.fullmatch(r"\s*[-+]?[\d.,]+(e[-+]?\d+)?\s*", v) for v in row)


def _widths(text: str, by: str) -> tuple[int, int]:
  """How many values the first two rows have."""
  if by == " ":
    first, second, *_ = (*text.splitlines(), "", "")
    return len(first.split()), len(second.split())
  rows = _rows(text, by)
  _, first_row = next(rows, (0, []))
  _, second_row = next(rows, (0, []))
  return len(first_row), len(second_row)


def separator(text: str, likely: str) -> str:
  """What takes the first two rows apart alike, into the most values.

  Args:
    text: a table, or its beginning.
    likely: the separator, where the text does not say.
  """
  found, text = [], text[:_BLOCK]
  for mark in sorted(_SEPARATORS, key=lambda s: s != likely):
    rows = _rows(text, mark)
    sizes = [len(row) for _, row in (next(rows, (0, [])), next(rows, (0, [])))]
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


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
  """(line in which it ends, its values) of each row that is not blank."""
  reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
  try:
    for row in reader:
      if row:
        yield reader.line_num, row
  except csv.Error as error:
    raise InputError(
      f"the table, line {reader.line_num}: {error}; is a quote not closed?"
    ) from error


def _parsed(text: str, separator: str, *, skip: int, width: int):
  """The rows that have so many values, and whether all have."""
  bad: list[int] = []

  def handle(row) -> str:
    bad.append(row.actual_columns)
    return "skip"

  names = [str(i) for i in range(width)]
  table = arrow_csv.read_csv(
    io.BytesIO(text.encode()),
    read_options=arrow_csv.ReadOptions(
      column_names=names, skip_rows=skip, block_size=_BLOCK
    ),
    parse_options=arrow_csv.ParseOptions(
      delimiter=separator, newlines_in_values=True, invalid_row_handler=handle
    ),
    convert_options=arrow_csv.ConvertOptions(
      column_types=dict.fromkeys(names, pa.string()),
      strings_can_be_null=False,
    ),
  )
  return table, not bad


def _lines(
  text: str, separator: str, *, width: int, where: str, before: int
) -> np.ndarray:
  """In which line each row of the right width begins."""
  begins, short, last = [], [], 0
  rows = _rows(text, separator)
  last, _ = next(rows)  # the header
  for end, row in rows:
    begin = _begin(last, end, row)
    last = end
    if len(row) == width:
      begins.append(begin)
    elif len(row) < width:
      short.append((begin + before, len(row)))
    elif width == 1:
      raise InputError(
        f"{where} line {begin + before}: found {len(row)} values below a line"
        " of one, expected names of columns on top: delete what is above them"
      )
    else:
      raise InputError(
        f"{where} line {begin + before}: found {len(row)} values, expected the"
        f" {width} of the header: put a value with {_NAMED.get(separator)} in"
        " it into quotes"
      )
  if short:
    _tell_short(short, width, where)
  return np.array(begins, int)


def _begin(last: int, end: int, row: Sequence[str]) -> int:
  """The first line of a row; blank lines may lie before it."""
  return max(last + 1, end - sum(value.count("\n") for value in row))


def _tell_short(short: list[tuple[int, int]], width: int, where: str) -> None:
  lines = told.some(line for line, _ in short)
  found = told.some(dict.fromkeys(size for _, size in short))
  one = len(short) == 1
  told.tell(
    f"{where}: {len(short)} row{'' if one else 's'} left out, found"
    f" {found} of {width} values (line{'' if one else 's'} {lines}):"
    " cut off?"
  )
