"""Columns of text as columns of numbers, however people write them.

What a comma means is decided by the whole table: one value that is a number
with decimal commas alone, as 0,05, says so for those that could be either, as
1,234. Where nothing says so, such values stay text, and whoever needs the
column tells that (`why_none`).
"""

from collections.abc import Iterable, Mapping
import re
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import amounts
from forgetting.records.distinct import Distinct

if TYPE_CHECKING:
  import pandas as pd

# what programs write where there is no number
MISSING = {
  *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "NAN", "-nan"),
  *("null", "NULL", "None", "none", "-", "--", "#VALUE!", "#DIV/0!"),
}
# a number to every program, and to float(); 007 may be a name
_PLAIN = re.compile(
  r"[+-]?(?:(?:(?!0\d+\Z)\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)",
  re.ASCII | re.IGNORECASE,
)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)  # into an int64
_WITH_COMMA = re.compile(
  r"[+-]?(?:\d+(?:,\d*)?|,\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE
)
# or a number with decimals
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+", re.ASCII)


def numbers_of(
  columns: Mapping[str, Distinct],
  *,
  text: frozenset[str],
  semicolons: bool = False,
) -> "dict[str, pd.Series]":
  """Reads numbers where a column has any.

  Args:
    columns: name -> text; empty where there is nothing.
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

  def __init__(self, column: Distinct):
    self._column = column
    self._texts = [*map(str.strip, column.values)]
    self._known = [text for text in self._texts if text not in MISSING]
    self._point = ""  # of a column that is numbers to every program, or nearly
    if _all(_PLAIN, self._known):
      self._point = "."
    elif _all(_WITH_COMMA, self._known):
      self._point = ","
    self.points = self._told()

  def _told(self) -> set[str]:
    """What stands before decimals in it, as far as it alone tells."""
    if not self._point:
      found = map(amounts.points, self._known)
      return set().union(*(points for points in found if len(points) == 1))
    parted = (text for text in self._known if "." in text or "," in text)
    clear = not _all(_THOUSANDS, parted)
    return {self._point} if clear else set()

  def numbers(self, by_table: set[str], semicolons: bool) -> "pd.Series":
    """Its numbers, given what the whole table tells of points."""
    points = self.points or by_table
    if self._point == ".":
      # 25.000 beside decimal commas: thousands, or a number with decimals?
      commas = points == {","} or (semicolons and not points)
      if not commas or not any("." in text for text in self._known):
        return self._plain()
    elif self._point == "," and points == {","}:
      return self._plain()
    sure = self.points if len(self.points) == 1 else by_table
    unclear = len(sure) != 1 or (self._point == "." and not self.points)
    return self._one_by_one("" if unclear else min(sure))

  def _plain(self) -> "pd.Series":
    """All as Python reads them, once a decimal comma is a point."""
    import pandas as pd

    of = int if self._is_whole() else float
    read = [
      np.nan if text in MISSING else of(text.replace(",", "."))
      for text in self._texts
    ]
    return pd.Series(self._column.spread(np.array(read, of)))

  def _is_whole(self) -> bool:
    """Whether all fit into an int64, and none is missing."""
    complete = len(self._known) == len(self._texts) > 0
    return complete and _all(_WHOLE, self._known)

  def _one_by_one(self, point: str) -> "pd.Series":
    """Each by what people mean; without a point none may be ambiguous."""
    import pandas as pd

    found = {text: _number(text, point) for text in self._known}
    if all(number is None for number in found.values()):
      return as_text(self._column)
    read = np.full(len(self._texts), np.nan, object)
    for i, text in enumerate(self._texts):
      if text in found:
        read[i] = text if found[text] is None else found[text]
    return pd.Series(self._column.spread(read)).infer_objects()


def _number(value: str, point: str) -> float | None:
  if point:
    return amounts.number(value, point=point)
  if amounts.is_ambiguous(value):
    return None
  return next(
    (amounts.number(value, point=point) for point in amounts.points(value)),
    None,
  )


def _all(pattern: re.Pattern, texts: Iterable[str]) -> bool:
  return all(map(pattern.fullmatch, texts))


def as_text(column: Distinct) -> "pd.Series":
  """Text without the blanks around it, and nothing where it is empty.

  Args:
    column: text.
  """
  import pandas as pd

  texts = [text.strip() or None for text in column.values]
  return pd.Series(column.spread(np.array(texts, object)))
