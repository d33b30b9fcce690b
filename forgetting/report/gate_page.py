"""The page of a check: two models, the same text, before and after."""

from html import escape
import os
import pathlib
import tempfile

from forgetting.laws.gate import Verdict
from forgetting.report.markup import table
from forgetting.report.page import Section, page
from forgetting.storage import places


def folder_of(out: str | os.PathLike) -> pathlib.Path:
  """The page's folder, made: asked before anything is measured.

  Args:
    out: where it is to be.

  Raises:
    InputError: it cannot be written.
  """
  folder = pathlib.Path(out)
  with places.of_out(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
      pass
  return folder


def write(verdict: Verdict, out: str | os.PathLike) -> pathlib.Path:
  """Writes check.html and check.md.

  Args:
    verdict: what is told.
    out: their folder, which is made.

  Returns:
    the page.

  Raises:
    InputError: the folder cannot be written.
  """
  folder = folder_of(out)
  (folder / "check.md").write_text(verdict.markdown, encoding="utf-8")
  header, *rows = [[escape(cell) for cell in row] for row in verdict.rows]
  sections = [
    Section("losses", "Losses", table(header, rows, text=(0,), fold=False)),
    Section("most", "Texts that lost most", _texts(verdict.most)),
    Section("least", "Texts that lost least", _texts(verdict.least)),
  ]
  if verdict.accuracies:
    head, *tasks = [[escape(cell) for cell in row] for row in verdict.task_rows]
    told_of = table(head, tasks, text=(0, 1), fold=False)
    sections.insert(1, Section("tasks", "Accuracies", told_of))
  told = [verdict.headline, f"{verdict.base} -> {verdict.tuned}", verdict.noise]
  file = folder / "check.html"
  file.write_text(page("Did it forget?", told, sections), encoding="utf-8")
  return file


def _texts(found) -> str:
  rows = [
    [escape(source), f"{change:+.3f}", escape(text)]
    for source, change, text in found
  ]
  return table(["Source", "Nats a token", "Text"], rows, text=(0, 2))
