"""Pieces of HTML that the page's sections are made of."""

from collections.abc import Iterable, Sequence
from html import escape
import re

import numpy as np

from forgetting.report.style import variable

NUMBER, SENTENCE = ' class="n"', ' class="s"'
FOLD = 10  # rows of a table that are read at a glance
NEWLINE = "\n"
GREEK = {
  "alpha": "α",
  "beta": "β",
  "mu": "μ",
  "nu": "ν",
  "kappa": "κ",
  "delta": "δ",
}


def table(
  header: Sequence[str],
  rows: Iterable[Sequence[str]],
  *,
  text: tuple[int, ...] = (0,),
  fold: bool = True,
) -> str:
  """Makes a table; one of more than `FOLD` rows is folded.

  Args:
    header: HTML of each column's head.
    rows: of cells, which are HTML.
    text: numbers of the columns that are words; the others are numbers, set
      to the right.
    fold: whether it may be; not where it is what one came for.
  """
  words_at = {i % len(header) for i in text}

  def line(cells, tag):
    marks = [NUMBER] * len(cells)
    for i in words_at:
      marks[i] = SENTENCE if i == len(cells) - 1 else ""
    pairs = zip(marks, cells, strict=True)
    inside = "".join(f"<{tag}{mark}>{cell}</{tag}>" for mark, cell in pairs)
    return f"<tr>{inside}</tr>"

  lines = [line(row, "td") for row in rows]
  whole = (
    f'<div class="wide"><table><thead>{line(header, "th")}</thead>'
    f"<tbody>{NEWLINE.join(lines)}</tbody></table></div>"
  )
  return (
    folded(f"{len(lines)} rows", whole) if fold and len(lines) > FOLD else whole
  )


def folded(summary: str, body: str) -> str:
  """Folds what is long away; it stays folded on paper too.

  Args:
    summary: plain text that is seen.
    body: HTML.
  """
  return (
    f'<details class="fold"><summary>{escape(summary)}</summary>{body}'
    "</details>"
  )


def swatch(domain: str, domains: Sequence[str]) -> str:
  """Writes a domain's name behind a patch of its colour.

  Args:
    domain: one of them.
    domains: all, in the order that gives them their colours.
  """
  color = variable(domain, domains)
  return (
    f'<span class="swatch" style="background: {color}"></span>{escape(domain)}'
  )


def number(value, digits: int = 3) -> str:
  """Writes a number with so many decimals; a dash where there is none."""
  if value is None or not np.isfinite(value):
    return "–"
  return f"{value:.{digits}f}".replace("-", "−")


def compact(value: float, digits: int = 3) -> str:
  """Writes a number with so many digits, up to a million without a power.

  That is 1,170 where the format "g" says 1.17e+03.
  """
  text = f"{value:.{digits}g}"
  if 10 ** min(digits, 3) <= abs(float(text)) < 1e6:
    text = f"{float(text):,.10g}"
  return text.replace("-", "−")


def equation(text: str) -> str:
  """Sets an equation: D^beta has a raised Greek letter, L0 an index.

  Args:
    text: a law's equation in plain text.
  """

  def symbol(found) -> str:
    raised, name = found.groups()
    shown = GREEK.get(name, name if name == "log" else f"<i>{name}</i>")
    if name == "L0":
      shown = "<i>L</i><sub>pt,base</sub>"
    return f"<sup>{shown}</sup>" if raised else shown

  marked = re.sub(r"(\^?)\b([A-Za-z]\w*)", symbol, text)
  return marked.replace("-", "−")


def relative_error(fit) -> str:
  """A fit's mean relative error in percent, to two digits."""
  return f"{100 * fit.mean_relative_error:.2g} %"
