"""Tables as lines of text, the columns aligned."""

from collections.abc import Sequence


def lines(
  rows: Sequence[Sequence[str]], *, left: int = 1, indent: str = ""
) -> list[str]:
  """One line a row, two spaces between columns.

  Args:
    rows: of cells, as many in each; a header is a row like the others.
    left: how many of the first columns are aligned to the left, as names are;
      numbers are to the right.
    indent: before every line.
  """
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  return [indent + _line(row, widths, left).rstrip() for row in rows]


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
  return "  ".join(
    cell.ljust(width) if i < left else cell.rjust(width)
    for i, (cell, width) in enumerate(zip(row, widths, strict=True))
  )
