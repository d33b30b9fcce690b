"""The verbs that write what others read: report, export."""

import tyro

from forgetting.cli import numbers
from forgetting.cli.answers import ROOT, find, one_thread, tell, write_page
from forgetting.cli.numbers import AnyTolerance
from forgetting.cli.options import Flag, Json, Root, StudyOrTable


def report(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  tolerance: AnyTolerance = None,
  out: str | None = None,
  columns: str = "",
  pdf: Flag = False,
  root: Root = ROOT,
) -> int:
  """Write the page of a study, done or half done, or of a table.

  Example: forgetting report quickstart

  Args:
    tolerance: Forgetting allowed, nats a token; else the config's, or 0.05.
    out: Folder for page, tables and figures; by default the study's, of a
      table <name>-report beside it.
    columns: Other names of a table's columns: `loss=val_loss,N=params`.
    pdf: Write the figures as PDF too, beside PNG and SVG.
  """
  one_thread()
  from forgetting.records import plan_file

  source = find(table, root)
  if tolerance is None:
    allowed = plan_file.tolerance_of(source) or 0.05
  else:
    allowed = numbers.tolerance(tolerance, "loss")
  write_page(source, tolerance=allowed, out=out, columns=columns, pdf=pdf)
  return 0


def export(
  study: tyro.conf.Positional[StudyOrTable],
  *,
  out: str,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Write a study as a few small tables, which read like the study itself.

  Runs, evaluations, sources of text and the forgetting matrix: numbers and
  names, no text and no models. Give the folder to fit, advise, report,
  associate.

  Example: forgetting export quickstart --out shared

  Args:
    out: The folder that they go to.
  """
  from forgetting.report import export as export_lib

  told = export_lib.told(export_lib.export(find(study, root), out))
  size = sum(told["bytes"].values()) / 1e6
  rows, columns = told["matrix"] or (0, 0)
  words = (
    f"{told['folder']}: {told['runs']} runs, {told['evaluations']}"
    f" evaluations, a matrix of {rows} x {columns}, {size:.2f} MB"
  )
  tell(words, told, json=json)
  return 0
