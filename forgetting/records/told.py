"""What a reader has to say of a table that it takes all the same."""

from collections.abc import Iterable
import warnings

from forgetting.config import TableWarning

SHOWN = 3  # values or lines that a sentence names


def tell(line: str) -> None:
  """Says a line to whoever reads a table: a warning, so once and no error.

  Args:
    line: what was found, and what was done about it.
  """
  warnings.warn(line, TableWarning, stacklevel=3)


def some(values: Iterable[object]) -> str:
  """Names the first of some values: `3, 5, 9 and 12 more`.

  Args:
    values: in the order in which they are named.
  """
  listed = [str(value) for value in values]
  named = ", ".join(listed[:SHOWN])
  more = len(listed) - SHOWN
  return f"{named} and {more} more" if more > 0 else named
