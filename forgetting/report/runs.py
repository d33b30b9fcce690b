"""The runs, a row each, to sort, to filter and to follow."""

from html import escape
import pathlib

import numpy as np

from forgetting.report import links
from forgetting.report.evidence import Evidence
from forgetting.report.markup import folded, number, swatch
from forgetting.report.style import count, percent


def section(evidence: Evidence, page: pathlib.Path) -> str:
  """Makes the table of every fine-tuning, done or not.

  Args:
    evidence: the runs, sorted by domain, size, target tokens, injection.
    page: the folder that the page lies in, which links begin at.

  Returns:
    HTML; losses in nats per token.
  """
  frame = evidence.finetunings
  columns = _columns(frame)
  head = "".join(
    f"<th{'' if column in WORDS else NUMBER}>{title}</th>"
    for title, column in columns.items()
  )
  shown = [
    _row(run, columns, evidence, page) for run in frame.to_dict("records")
  ]
  filtered = (
    '<label class="filter screen" hidden>Only rows with <input type="search"'
    ' placeholder="kjv 154k"> <span class="shown"></span></label>'
  )
  body = (
    f'<div class="sortable">{filtered}<div class="wide"><table><thead><tr>'
    f"{head}</tr></thead><tbody>{chr(10).join(shown)}</tbody></table></div>"
    "</div>"
  )
  return folded(f"{len(shown)} runs", body)


NUMBER = ' class="n"'
WORDS = ("domain", "replay", "method", "status", "links")


def _columns(frame) -> dict[str, str]:
  """Head -> column of the runs; those that say something."""
  columns = {
    "Domain": "domain",
    "Parameters": "model_params",
    "Target tokens": "target_tokens",
    "Injection": "injection",
    "Method": "method",
    "Replay": "replay",
    "Seed": "seed",
    "Pretraining loss": "pretrain_loss",
    "Base": "base_pretrain_loss",
    "Forgetting ± s.e.": "forgetting",
    "Net of the control": "net_forgetting",
    "Target loss": "target_loss",
    "Bits/byte": "pretrain_bits_per_byte",
    "Best step": "best_step",
    "Status": "status",
    "Run": "links",
  }

  def told(column: str) -> bool:
    if column == "method":
      return column in frame and frame[column].nunique() > 1
    if column == "replay":
      return frame[column].notna().any()
    return column == "links" or column in frame

  return {title: c for title, c in columns.items() if told(c)}


SHOWN = {
  "model_params": count,
  "target_tokens": count,
  "injection": percent,
  "seed": lambda value: number(value, 0),
  "best_step": lambda value: number(value, 0),
}


def _row(run: dict, columns, evidence: Evidence, page: pathlib.Path) -> str:
  cells = []
  for column in columns.values():
    if column in WORDS:
      cells.append(f"<td>{_word(run, column, evidence, page)}</td>")
      continue
    value = run[column]
    known = value is not None and np.isfinite(value)
    shown = _forgetting(run) if column == "forgetting" else None
    shown = shown or SHOWN.get(column, number)(value)
    cells.append(
      f'<td class="n" data-value="{value if known else "NaN"}">{shown}</td>'
    )
  name = escape(str(run["run"]))
  return f'<tr data-run="{name}">{"".join(cells)}</tr>'


def _word(run: dict, column: str, evidence: Evidence, page) -> str:
  if column == "domain":
    return swatch(str(run["domain"]), evidence.domains)
  if column == "links":
    found = links.files(evidence, (run["study"], run["run"]), page)
    name = escape(str(run["run"]))
    curve = f'<a class="screen" href="#u_curves" data-curve="{name}">curve</a> '
    return (curve if found else "") + links.html(found, ("log", "config"))
  text = escape(str(run[column] or ""))
  if column == "status" and text != "done":
    return f"<b>{text}</b>"
  return text


def _forgetting(run: dict) -> str:
  error = run.get("forgetting_standard_error")
  value = number(run["forgetting"])
  if error is None or not np.isfinite(error):
    return value
  return f"{value} ± {number(error)}"
