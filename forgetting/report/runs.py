"""The runs, a row each."""

from html import escape

import numpy as np

from forgetting.report.evidence import Evidence
from forgetting.report.markup import number, swatch, table
from forgetting.report.style import count, percent


def section(evidence: Evidence) -> str:
  """Makes the table of every fine-tuning, done or not.

  Args:
    evidence: the runs, sorted by domain, size, target tokens, injection.

  Returns:
    HTML; losses in nats per token.
  """
  frame = evidence.finetunings
  bits = "pretrain_bits_per_byte" in frame
  header = [
    "Domain",
    "Parameters",
    "Target tokens",
    "Injection",
    "Seed",
    "Pretraining loss",
    "Base",
    "Forgetting ± s.e.",
    "Target loss",
    "Best step",
    "Status",
  ]
  if bits:
    header.insert(8, "Pretraining bits/byte")
  replayed = frame["replay"].notna().any()
  if replayed:
    header.insert(4, "Replay")
  controlled = "net_forgetting" in frame
  if controlled:
    header.insert(header.index("Target loss"), "Net of the control")
  rows = []
  for run in frame.to_dict("records"):
    status = escape(str(run["status"]))
    if run["status"] != "done":
      status = f"<b>{status}</b>"
    cells = [
      swatch(str(run["domain"]), evidence.domains),
      count(run["model_params"]),
      count(run["target_tokens"]),
      percent(run["injection"]),
      number(run["seed"], 0),
      number(run["pretrain_loss"]),
      number(run["base_pretrain_loss"]),
      _forgetting(run),
      number(run["target_loss"]),
      number(run["best_step"], 0),
      status,
    ]
    if bits:
      cells.insert(8, number(run["pretrain_bits_per_byte"]))
    if replayed:
      cells.insert(4, escape(str(run["replay"] or "")))
    if controlled:
      at = header.index("Net of the control")
      cells.insert(at, number(run["net_forgetting"]))
    rows.append(cells)
  words_at = (0, 4, -1) if replayed else (0, -1)
  return table(header, rows, text=words_at)


def _forgetting(run: dict) -> str:
  error = run.get("forgetting_standard_error")
  value = number(run["forgetting"])
  if error is None or not np.isfinite(error):
    return value
  return f"{value} ± {number(error)}"
