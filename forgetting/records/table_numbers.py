"""Columns of text as columns of numbers, however people write them.

What a comma means is decided by the whole table: one value that is a number
with decimal commas alone, as 0,05, says so for those that could be either, as
1,234. Where nothing says so, such values stay text, and whoever needs the
column tells that (`why_none`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import compute

from forgetting.config import amounts

if TYPE_CHECKING:
  import pandas as pd

# what programs write where there is no number
MISSING = (
  *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "NAN", "-nan"),
  *("null", "NULL", "None", "none", "-", "--", "#VALUE!", "#DIV/0!"),
)
_WITH_COMMA = r"^[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}([.,]\d{3})+$"  # or a number with decimals


def numbers_of(
  columns: Mapping[str, pa.ChunkedArray],
  *,
  text: frozenset[str],
  semicolons: bool = False,
) -> "dict[str, pd.Series]":
  """Reads numbers where a column has any.

  Args:
    columns: name -> text.
    text: names of columns that are text, whatever they look like.
    semicolons: whether they part the columns, as where decimals have commas:
      25.000 may then be thousands, unless the table has points elsewhere.

  Returns:
    name -> numbers; text where a column is none, and both, as Python objects,
    where some of its values are no numbers.
  """
  read = {
    name: _Column(values)
    for name, values in columns.items()
    if name not in text
  }
  points = set().union(*(column.points for column in read.values()))
  return {
    name: read[name].numbers(points, semicolons)
    if name in read
    else as_text(values)
    for name, values in columns.items()
  }


def why_none(value: str) -> str:
  """Says why a text is no number, and what to write.

  Args:
    value: as the table has it.
  """
  if amounts.is_ambiguous(value):
    one, other = (amounts.number(value, point=point) for point in ".,")
    return f"{value!r} may be {one} or {other}: write it with a decimal point"
  return f"{value!r} is no number, expected {amounts.EXPECTED}"


class _Column:
  """A column of text that may be numbers."""

  def __init__(self, values: pa.ChunkedArray):
    self._values = values
    text = compute.utf8_trim_whitespace(values.combine_chunks())
    missing = compute.is_in(text, value_set=pa.array(MISSING, pa.string()))
    self._text = compute.if_else(missing, pa.scalar(None, pa.string()), text)
    known = self._text.drop_null()
    self._point = ""  # of a column that is numbers to every program, or nearly
    self._unique: list[str] = []
    if _floats(known) is not None:
      self._point = "."
    elif _all(known, _WITH_COMMA):
      self._point = ","
    else:
      self._unique = compute.unique(known).to_pylist()
    self.points = self._told(known)

  def _told(self, known: pa.Array) -> set[str]:
    """What stands before decimals in it, as far as it alone tells."""
    if not self._point:
      found = (amounts.points(value) for value in self._unique)
      return set().union(*(points for points in found if len(points) == 1))
    parted = known.filter(compute.match_substring_regex(known, r"[.,]"))
    clear = len(parted) and not _all(parted, _THOUSANDS)
    return {self._point} if clear else set()

  def numbers(self, by_table: set[str], semicolons: bool) -> "pd.Series":
    """Its numbers, given what the whole table tells of points."""
    points = self.points or by_table
    if self._point == ".":
      # 25.000 beside decimal commas: thousands, or a number with decimals?
      commas = points == {","} or (semicolons and not points)
      if not commas or not _some(self._text, r"\."):
        return _series(self._text)
    elif self._point == "," and points == {","}:
      pointed = compute.replace_substring(self._text, ",", ".")
      return _series(pointed)
    known = self.points if len(self.points) == 1 else by_table
    unclear = len(known) != 1 or (self._point == "." and not self.points)
    return self._one_by_one("" if unclear else min(known))

  def _one_by_one(self, point: str) -> "pd.Series":
    """Each different value by itself; without a point none may be ambiguous."""
    import pandas as pd

    unique = self._unique or compute.unique(self._text).drop_null().to_pylist()
    read: dict[str | None, object] = {None: np.nan}
    for value in unique:
      unclear = not point and amounts.is_ambiguous(value)
      found = None if unclear else _number(value, point)
      read[value] = value if found is None else found
    if all(isinstance(read[value], str) for value in unique):
      return as_text(self._values)
    series = pd.Series([read[v] for v in self._text.to_pylist()], dtype=object)
    return series.infer_objects()


def _number(value: str, point: str) -> float | None:
  if point:
    return amounts.number(value, point=point)
  return next(
    (amounts.number(value, point=point) for point in amounts.points(value)),
    None,
  )


def _floats(text: pa.Array) -> pa.Array | None:
  """The numbers that every program reads; None: not all are, or 007 is one."""
  if _some(text, r"^[+-]?0\d+$"):
    return None
  try:
    if len(text) and not text.null_count and _all(text, r"^-?\d{1,18}$"):
      return compute.cast(text, pa.int64())
    return compute.cast(text, pa.float64())
  except pa.ArrowInvalid:
    return None


def _series(text: pa.Array) -> "pd.Series":
  found = _floats(text)
  assert found is not None  # its column was tried before
  return found.to_pandas()


def _all(text: pa.Array, pattern: str) -> bool:
  return compute.all(
    compute.match_substring_regex(text, pattern), min_count=0
  ).as_py()


def _some(text: pa.Array, pattern: str) -> bool:
  return compute.any(
    compute.match_substring_regex(text, pattern), min_count=0
  ).as_py()


def as_text(values: pa.ChunkedArray) -> "pd.Series":
  """Text without the blanks around it, and nothing where it is empty.

  Args:
    values: text.
  """
  text = compute.utf8_trim_whitespace(values.combine_chunks())
  empty = compute.equal(text, "")
  return compute.if_else(empty, pa.scalar(None, pa.string()), text).to_pandas()
