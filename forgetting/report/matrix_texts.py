"""The texts that are forgotten most and least, as a part of the page."""

from collections.abc import Sequence
from html import escape

from forgetting.associations.readings import Ends, Reading
from forgetting.report.markup import number, table

HEADER = ("Forgetting", "Loss before", "after", "Source", "Text")


def section(read: Sequence[Ends]) -> str:
  """Makes the tables of texts: open over all tasks, the others to unfold.

  Args:
    read: of `readings.read`; none where texts are not at hand.

  Returns:
    HTML; "" without texts.
  """
  if not read:
    return ""
  first, *others = read
  folded = "".join(
    f"<details><summary>{escape(ends.name)}</summary>{_tables(ends)}</details>"
    for ends in others
  )
  return (
    "<p>The examples at both ends, over all tasks (nats per token; a text's "
    f"first characters).</p>{_tables(first)}<p>The same of each leading "
    f"component and of each task:</p>{folded}"
  )


def _tables(ends: Ends) -> str:
  return "".join(
    f"<p>{side} forgotten</p>"
    + table(HEADER, [_row(one) for one in found], text=(3, 4))
    for side, found in (("Most", ends.most), ("Least", ends.least))
  )


def _row(one: Reading) -> list[str]:
  return [
    number(one.forgetting),
    number(one.before, 2),
    number(one.after, 2),
    escape(one.source),
    escape(one.text),
  ]
