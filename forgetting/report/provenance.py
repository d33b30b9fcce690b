"""What was run: sizes, domains, tokens, time, device, versions, text."""

from collections.abc import Iterator
import datetime
from html import escape
from importlib import metadata
import pathlib
import re
import shlex
import subprocess

import numpy as np

from forgetting.config import Pretrained
from forgetting.config.replay_source import SELF
from forgetting.report import words
from forgetting.report.evidence import Evidence
from forgetting.report.markup import number, table
from forgetting.report.style import count, percent


def made(evidence: Evidence, tolerance: float) -> str:
  """Says when the page was written, by which command of which version.

  Args:
    evidence: the runs.
    tolerance: that its advice is for, nats per token.
  """
  source = shlex.quote(evidence.source)
  parts = [
    f"{datetime.date.today():%d %B %Y}".lstrip("0"),
    f"forgetting report {source} --tolerance {tolerance:g}",
    f"forgetting {metadata.version('forgetting')}",
  ]
  commit = _commit()
  return " · ".join([*parts, f"commit {commit}"] if commit else parts)


def _commit() -> str:
  """The commit of the checkout that this code lies in; "" outside of one."""
  root = pathlib.Path(__file__).resolve().parents[2]
  if not (root / ".git").exists():
    return ""
  asked = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
  try:
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
  except (OSError, subprocess.CalledProcessError):
    return ""
  return told.stdout.strip()


def what_was_run(evidence: Evidence) -> str:
  """Makes the section on what was run.

  Args:
    evidence: the runs.

  Returns:
    HTML: sizes, domains, time, versions, pretrainings, text, what diverged.
  """
  facts = "".join(
    f"<dt>{name}</dt><dd>{text}</dd>" for name, text in _facts(evidence)
  )
  return "".join(
    (
      f"<dl>{facts}</dl>",
      _pretrainings(evidence),
      _text(evidence),
      _not_done(evidence),
    )
  )


def _facts(evidence: Evidence) -> Iterator[tuple[str, str]]:
  runs = evidence.finetunings
  yield "Runs", f"{_statuses(runs)} fine-tunings" + _and_pretrainings(evidence)
  if len(runs):
    yield "Model sizes", _levels(runs["model_params"], count)
    yield "Domains", escape("; ".join(map(evidence.title, evidence.domains)))
    yield "Target tokens", _levels(runs["target_tokens"], count)
    yield "Injection", _levels(runs["injection"], percent)
    yield "Seeds", _levels(runs["seed"], "{:g}".format)
  tokens = np.nansum(evidence.runs["tokens"].to_numpy(float))
  if tokens:
    yield "Training tokens", f"{count(tokens)} in all runs"
  results = list(evidence.results.values())
  if evidence.seconds:
    summed = words.duration(evidence.seconds)
    seconds = f"{evidence.seconds:,.0f} s"
    exact = "" if summed == seconds else f" ({seconds})"
    yield "Time", f"{summed}{exact}, summed over the runs"
  for name, field in (("Device", "device"), ("Executor", "executor")):
    found = _distinct(result.get(field) for result in results)
    if found:
      yield name, found
  versions = _distinct(
    ", ".join(f"{k} {v}" for k, v in sorted(result.get("versions", {}).items()))
    for result in results
  )
  if versions:
    yield "Versions", versions
  text = _distinct(
    name for run in evidence.configs.values() for name in run.pretraining
  )
  if text:
    yield "Pretraining text", text + _stand_in(evidence)


def _stand_in(evidence: Evidence) -> str:
  """What the text is to a model that others pretrained."""
  parents = [run.parent for run in evidence.configs.values()]
  checkpoints = _distinct(p.path for p in parents if isinstance(p, Pretrained))
  if not checkpoints:
    return ""
  if all(run.pretraining == (SELF,) for run in evidence.configs.values()):
    return (
      f": what {checkpoints} itself wrote, on which the rise of the loss is a"
      " divergence from it"
    )
  net = "net_forgetting" in evidence.runs
  control = (
    "forgetting is also told net of a control, which trained on it alone"
    if net
    else "no control has trained on it alone: what replay has taught may pass"
    " for forgetting that it has prevented"
  )
  return (
    f": a stand-in for what {checkpoints} was pretrained on, on which it may"
    f" still have something to learn; {control}"
  )


def _statuses(runs) -> str:
  counts = runs["status"].value_counts().sort_index()
  return escape(
    ", ".join(f"{n} {status}" for status, n in counts.items()) or "0"
  )


def _and_pretrainings(evidence: Evidence) -> str:
  runs = evidence.pretrainings
  return f"; {_statuses(runs)} pretrainings" if len(runs) else ""


def _levels(column, show) -> str:
  values = sorted(column.dropna().unique())
  return ", ".join(show(value) for value in values)


def _distinct(values) -> str:
  found = dict.fromkeys(str(value) for value in values if value)
  return escape("; ".join(found))


def _said(row: dict, *columns: str) -> list[str]:
  """Of these columns what is there and says something."""
  return [row[c] for c in columns if isinstance(row.get(c), str) and row[c]]


def _text(evidence: Evidence) -> str:
  """Which text exactly: every source with its version and its hashes."""
  data = evidence.data
  if not len(data):
    return ""
  header = ["Text", "From", "Licence", "Documents", "Dropped", "Chunks, sha256"]
  rows = [
    [
      escape(row["name"]),
      _breakable(row["source"]),
      escape(row["licence"]),
      escape(row["documents"]),
      escape("; ".join(_said(row, "dropped", "notes"))),
      f"train <code>{row['train_sha256'][:16]}</code>, validation"
      f" <code>{row['validation_sha256'][:16]}</code>",
    ]
    for row in data.to_dict("records")
  ]
  facts = "; ".join(
    f"{label}: {_distinct(data[column])}"
    for label, column in (
      ("tokenizer", "tokenizer"),
      ("tokens a chunk", "context"),
      ("validation split", "split_rule"),
    )
  )
  whole = table(header, rows, text=tuple(range(6)))
  return (
    f"<details><summary>The exact text</summary>{whole}<p>{facts}</p></details>"
  )


def _breakable(source: str) -> str:
  """Hashes in full, free to break over lines."""
  return re.sub(r"([0-9a-f]{16})(?=[0-9a-f])", r"\1<wbr>", escape(source))


def _pretrainings(evidence: Evidence) -> str:
  runs = evidence.pretrainings
  if not len(runs):
    return ""
  header = [
    "Pretraining",
    "Parameters",
    "with embedding",
    "Tokens",
    "Pretraining loss",
    "Status",
  ]
  rows = [
    [
      escape(str(run["run"])),
      count(run["model_params"]),
      count(run["total_params"]),
      _tokens(run["tokens"]),
      number(run["pretrain_loss"]),
      escape(str(run["status"])),
    ]
    for run in runs.to_dict("records")
  ]
  return table(header, rows, text=(0, -1))


def _tokens(value) -> str:
  return count(value) if value is not None and np.isfinite(value) else "–"


def _not_done(evidence: Evidence) -> str:
  """Why the diverged runs diverged."""
  runs = evidence.runs
  if "stop_reason" not in runs:
    return ""
  runs = runs[runs["status"] == "diverged"]
  items = "".join(
    f"<li>{escape(str(run['run']))}: {escape(str(run['stop_reason']))}</li>"
    for run in runs.to_dict("records")
  )
  return f"<p>Diverged, and left out of every fit:</p><ul>{items}</ul>" * bool(
    items
  )
