"""`write`: a study or a table in, tables, figures and the page out."""

from html import escape
import math
import os
import pathlib

from forgetting import places
from forgetting.config import InputError
from forgetting.records import COLUMNS, write_atomically
from forgetting.report import (
  figure_curves,
  figure_injection,
  figure_predicted,
  figure_replay,
  fitted,
  page,
  provenance,
  replay,
  sections,
  style,
  tables,
  words,
)
from forgetting.report.evidence import Evidence, read
from forgetting.report.page import Section

CAPTIONS = {
  "u_curves": (
    "While a model is fine-tuned its target loss falls, then rises again as it "
    "overfits: a U. A run's result is taken at the bottom, the star. The "
    "pretraining loss rises meanwhile, as a rule less with more injection. "
    "Measured on a fixed subset of the validation texts."
  ),
  "injection": (
    "Pretraining loss at best. The distance to the dotted line, the model "
    "before fine-tuning, is the forgetting. Where another form than the "
    "published law fits better, that form is drawn and gives the advice. The "
    "axis is linear below the least positive injection, logarithmic above."
  ),
  "predicted": (
    "Each point is a run that the published laws were fitted to; on the dotted "
    "line a law is exact. The middle panel takes the base off: there the "
    "errors are as large as they matter for forgetting."
  ),
  "replay": replay.CAPTION,
}


def write(
  study_directory: str | os.PathLike,
  *,
  tolerance: float = 0.05,
  title: str | None = None,
) -> pathlib.Path:
  """Writes runs.csv, curves.csv, figures/ and report.html.

  Args:
    study_directory: <root>/<study>, done or half done: the files go into it.
      Or a CSV or parquet table from any trainer: they go into the folder
      <stem>-report beside it.
    tolerance: forgetting that the advice allows, nats per token.
    title: of the page; the study's name when not given.

  Returns:
    the page's path.

  Raises:
    InputError: nothing there to report, or a tolerance that is no number.
  """
  if not math.isfinite(tolerance):
    raise InputError(
      f"tolerance: found {tolerance}, expected a number of nats per token"
    )
  evidence = read(study_directory)
  folder = places.place(study_directory)
  if folder.is_file():
    folder = folder.with_name(f"{folder.stem}-report")
  try:
    places.make_folder(folder / "figures")
    return _write(evidence, folder, tolerance, title)
  except OSError as error:
    raise InputError(
      f"{folder}: the report cannot be written ({error.strerror})"
    ) from error


def _write(evidence: Evidence, folder, tolerance, title) -> pathlib.Path:
  _save_table(evidence.runs[[*COLUMNS]], folder / "runs.csv")
  if len(evidence.curves):
    _save_table(evidence.curves, folder / "curves.csv")
  if len(evidence.data):
    _save_table(evidence.data, folder / "data.csv")
  fits = fitted.fit_domains(evidence)
  counsels = fitted.counsel(evidence, fits, tolerance)
  drawings = _draw(evidence, fits, folder / "figures")
  text = page.page(
    title or f"Forgetting in {evidence.name}",
    words.headline(evidence, counsels, tolerance),
    list(_sections(evidence, fits, counsels, drawings, tolerance)),
  )
  file = folder / "report.html"
  write_atomically(file, text.encode())
  return file


def _save_table(table, file: pathlib.Path) -> None:
  write_atomically(file, table.to_csv(index=False).encode())


def _draw(evidence: Evidence, fits, folder) -> dict[str, str]:
  """Figure name -> what the page shows of it; without data, no figure."""
  if not len(evidence.measured):
    return {}
  known = dict(domains=evidence.domains, sizes=evidence.sizes)
  wanted = {
    "u_curves": (
      tables.u_curves(evidence),
      lambda table: figure_curves.u_curves(table, domains=evidence.domains),
    ),
    "injection": (
      tables.injection(evidence, fits),
      lambda table: figure_injection.injection(table, **known),
    ),
    "predicted": (
      tables.predicted(evidence, fits),
      lambda table: figure_predicted.predicted(table, **known),
    ),
    "replay": (replay.cells(evidence.runs), figure_replay.replay),
  }
  return {
    name: page.figure(
      name, style.save(name, folder, draw, table), CAPTIONS[name]
    )
    for name, (table, draw) in wanted.items()
    if table is not None
  }


def _sections(evidence, fits, counsels, drawings, tolerance):
  if counsels:
    yield Section(
      "advice",
      "How much to inject",
      f"<p>To keep forgetting under {tolerance:g} nats per token.</p>"
      + sections.advice(evidence, counsels, fits),
    )
  for name, title in (
    ("u_curves", "Losses while fine-tuning"),
    ("injection", "Forgetting against injection"),
  ):
    if name in drawings:
      yield Section(name, title, drawings[name])
  if fits:
    body = sections.laws(evidence, fits)
    yield Section("laws", "The fitted laws", body)
  if "replay" in drawings:
    body = drawings["replay"] + replay.comparison(evidence.runs)
    yield Section("replay", "Replay policies compared", body)
  if "predicted" in drawings:
    title = "Predicted against measured"
    yield Section("predicted", title, drawings["predicted"])
  if len(evidence.finetunings):
    yield Section(
      "runs", "The runs", sections.runs(evidence) + _files(evidence)
    )
  body = provenance.what_was_run(evidence)
  yield Section("provenance", "What was run", body)


def _files(evidence: Evidence) -> str:
  names = ["runs.csv", *(["curves.csv"] if len(evidence.curves) else [])]
  links = " and ".join(f'<a href="{n}">{escape(n)}</a>' for n in names)
  return f'<p class="note">As tables: {links}.</p>'
