"""Rows of a text that has separators: the line of each, and its values."""

from collections.abc import Iterator, Sequence
import csv
import functools
import io
import itertools
import re
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError
from forgetting.records import told
from forgetting.records.distinct import Distinct

if TYPE_CHECKING:
  from _csv import Reader

LONGEST = 1 << 24  # characters of a value; more are a quote that is not closed
csv.field_size_limit(LONGEST)
_AT_ONCE = 1 << 14  # rows
_NAMED = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "|"}
_NEWLINE = re.compile(r"\r\n|\r|\n")


def rows(text: str, separator: str) -> Iterator[list[str]]:
  """The values of each row that is not blank.

  Args:
    text: a table.
    separator: what parts the values.

  Raises:
    InputError: a quote is not closed.
  """
  reader = _reader(text, separator)
  for block in iter(functools.partial(_next, reader, 1), []):
    yield from filter(None, block)


def below_header(
  text: str, separator: str, *, width: int, where: str, before: int
) -> tuple[list[Distinct], np.ndarray]:
  """The columns of a table, by the rows that have so many values.

  Rows with fewer are left out, and told.

  Args:
    text: with the names of the columns in its first row.
    separator: what parts the values.
    width: values a row.
    where: what errors call the file.
    before: lines of the file above the text.

  Returns:
    the columns; [rows] in which line of the file each row begins.

  Raises:
    InputError: a row has more values.
  """
  reader = _reader(text, separator)
  while not any(_next(reader, 1)):
    pass  # blank lines above the header
  columns = [Distinct() for _ in range(width)]
  lines, short = [np.zeros(0, int)], []
  last = reader.line_num
  while block := _next(reader, _AT_ONCE):
    begins = before + _begins(block, last, reader.line_num)
    last = reader.line_num
    sizes = np.array([*map(len, block)])
    if (sizes != width).any():
      if len(longer := np.flatnonzero(sizes > width)):
        line, size = begins[longer[0]], sizes[longer[0]]
        raise _too_long(size, width, f"{where} line {line}", separator)
      cut = (0 < sizes) & (sizes < width)
      short += [*zip(begins[cut], sizes[cut], strict=True)]
      begins = begins[sizes == width]
      block = [row for row in block if len(row) == width]
    lines.append(begins)
    for column, values in zip(columns, zip(*block, strict=True), strict=False):
      column.add(values)
  if short:
    _tell_short(short, width, where)
  return columns, np.concatenate(lines)


def _reader(text: str, separator: str) -> "Reader":
  return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _next(reader: "Reader", size: int) -> list[list[str]]:
  """So many rows more, blank ones too; fewer at the end."""
  try:
    return [*itertools.islice(reader, size)]
  except csv.Error as error:
    raise InputError(
      f"the table, line {reader.line_num}: {error}; is a quote not closed?"
    ) from error


def _begins(block: list[list[str]], last: int, end: int) -> np.ndarray:
  """The line in which each row begins, of those below line `last` to `end`."""
  if len(block) == end - last:
    return np.arange(last + 1, end + 1)
  # in quotes a value has lines of its own
  sizes = [1 + sum(len(_NEWLINE.findall(v)) for v in row) for row in block]
  return last + 1 + np.cumsum([0, *sizes[:-1]])


def _too_long(size: int, width: int, where: str, separator: str) -> InputError:
  if width == 1:
    return InputError(
      f"{where}: found {size} values below a line of one, expected names of"
      " columns on top: delete what is above them"
    )
  return InputError(
    f"{where}: found {size} values, expected the {width} of the header: put a"
    f" value with {_NAMED.get(separator)} in it into quotes"
  )


def _tell_short(
  short: Sequence[tuple[int, int]], width: int, where: str
) -> None:
  lines = told.some(line for line, _ in short)
  found = told.some(dict.fromkeys(size for _, size in short))
  one = len(short) == 1
  told.tell(
    f"{where}: {len(short)} row{'' if one else 's'} left out, found"
    f" {found} of {width} values (line{'' if one else 's'} {lines}):"
    " cut off?"
  )
