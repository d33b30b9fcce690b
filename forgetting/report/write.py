"""`write`: a study or a table in, tables, figures and the page out."""

from collections.abc import Callable, Mapping
import math
import os
import pathlib

from forgetting.config import InputError
from forgetting.records import COLUMNS
from forgetting.report import (
  explorer,
  extrapolation,
  figures,
  fitted,
  page,
  provenance,
  remedies,
  summary,
  tables,
  whatif,
  words,
)
from forgetting.report.contents import Material, contents
from forgetting.report.evidence import Evidence, read
from forgetting.storage import places


def write(
  study_directory: str | os.PathLike,
  *,
  tolerance: float = 0.05,
  title: str | None = None,
  out: str | os.PathLike | None = None,
  columns: Mapping[str, str] | None = None,
  with_texts: Callable = lambda matrix, path: matrix,
  titles: Mapping[str, str] | None = None,
  tell: Callable[[str], object] = lambda text: None,
  pdf: bool = False,
) -> pathlib.Path:
  """Writes runs.csv, curves.csv, data.csv, figures/ and report.html.

  Args:
    study_directory: <root>/<study>, done or half done. Or a CSV or parquet
      table from any trainer.
    tolerance: forgetting that the advice allows, nats per token.
    title: of the page; the study's name when not given.
    out: the folder that the files go into; by default the study's, of a table
      the folder <stem>-report beside it.
    columns: ours -> a table's, as for `laws.fit`.
    with_texts: (forgetting matrix, study) -> the matrix with the texts of its
      examples, where they are at hand.
    titles: domain -> what it is, in a few words, as the catalogue has it.
    tell: is given what has been measured so far, as text, before laws are
      fitted, which may take long.
    pdf: whether figures are written as PDF too, beside PNG and SVG.

  Returns:
    the page's path.

  Raises:
    InputError: nothing there to report, a tolerance that is no number, or a
      folder that cannot be written.
  """
  if not math.isfinite(tolerance):
    raise InputError(
      f"tolerance: found {tolerance}, expected a number of nats per token"
    )
  evidence = read(study_directory, columns=columns, titles=titles)
  tell(summary.summary(evidence))
  source = places.place(study_directory)
  folder = places.place(out) if out is not None else source
  if out is None and source.is_file():
    folder = source.with_name(f"{source.stem}-report")
  try:
    places.make_folder(folder / "figures")
    text = _written(
      evidence, folder, tolerance, title or _title(evidence), with_texts, pdf
    )
    file = folder / "report.html"
    places.write(file, text.encode())
  except OSError as error:
    raise InputError(
      f"{folder}: the report cannot be written ({error.strerror})"
    ) from error
  return file


def _title(evidence: Evidence) -> str:
  return f"Forgetting in {evidence.name}"


def _written(
  evidence: Evidence, folder, tolerance, title, with_texts, pdf
) -> str:
  """The page's HTML; its tables and figures are written meanwhile."""
  _save_table(evidence.runs[[*COLUMNS]], folder / "runs.csv")
  if len(evidence.curves):
    _save_table(evidence.curves, folder / "curves.csv")
  if len(evidence.data):
    _save_table(evidence.data, folder / "data.csv")
  fits = fitted.fit_domains(evidence)
  counsels = fitted.counsel(evidence, fits, tolerance)
  backtests = extrapolation.scores(fits)
  if backtests is not None:
    _save_table(backtests, folder / "figures" / "extrapolation.csv")
  panel = whatif.panel(evidence, fits, tolerance)
  compared = remedies.compare(evidence)
  drawn = tables.injection(evidence, fits) if len(evidence.measured) else None
  known = Material(
    evidence=evidence,
    fits=fits,
    counsels=counsels,
    drawings=figures.draw(
      evidence,
      fits,
      folder / "figures",
      injection=drawn,
      compared=compared,
      pdf=pdf,
    ),
    panel=panel,
    backtests=backtests,
    tolerance=tolerance,
    folder=folder,
    with_texts=with_texts,
    injection=drawn,
    compared=compared,
    pdf=pdf,
  )
  numbers = explorer.data(evidence, drawn, folder)
  scripts = [
    explorer.script() if numbers else "",
    whatif.script(fits) if panel else "",
  ]
  return page.page(
    title,
    words.headline(evidence, fits, counsels, tolerance),
    contents(known),
    "\n".join(scripts),
    provenance.made(evidence, tolerance),
    data=numbers,
  )


def _save_table(table, file: pathlib.Path) -> None:
  places.write(file, table.to_csv(index=False).encode())
