"""The page's sections in their order; what cannot be shown says why."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
import pathlib
from typing import TYPE_CHECKING

from forgetting.report import (
  advice,
  bottom,
  certificates,
  explorer,
  extrapolation,
  glossary,
  halving,
  matrix,
  parameters,
  provenance,
  remedies,
  replay,
  runs,
  whatif,
)
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import Counsel, DomainLaws
from forgetting.report.page import Section

if TYPE_CHECKING:
  import pandas as pd

NO_RUNS = "No fine-tuning has finished: there is nothing to show yet."
NO_CURVES = (
  "A table of runs has no evaluations along the way: this needs the run "
  "directories of a study."
)
NO_LAW = (
  "No law could be fitted to any domain yet: it takes two or more injections "
  "of one model size and amount of target tokens at least."
)
ONE_INJECTION = "All runs inject the same share: there is no line to draw."
ONE_CELL = (
  "All runs are of one model size and one amount of target tokens: there is no "
  "line to draw."
)
NO_PRETRAINING = (
  "The progress lost is read off the curve of the pretraining, which is not "
  "here: it needs the run directories of a study, pretrainings included."
)
NO_EXTRAPOLATION = (
  "To leave out the largest runs and predict them a domain must have a law, "
  "and three or more model sizes or amounts of target tokens."
)
NO_HALVING = (
  "No domain has a published law whose B and alpha the data identify: they "
  "need more model sizes, or injections further apart."
)
NO_BOTTOM = (
  "No domain has runs enough that went on after their best: train for more "
  "epochs."
)
NO_REPLAY = (
  "This study does not choose what it replays: all of its injected text is "
  "drawn at random."
)
NOT_FITTED = "Without a law there is nothing that predicts."


@dataclass(frozen=True)
class Material:
  """All that the page's sections are made of.

  Attributes:
    evidence: the runs.
    fits: the laws of each domain.
    counsels: the advice of each cell.
    drawings: of `figures.draw`; panel: of `whatif.panel`; backtests: of
      `extrapolation.scores`; injection: of `tables.injection`.
    tolerance: forgetting that the advice allows, nats per token.
    folder: the page's.
    with_texts, pdf: as of `report.write`.
    compared: remedies side by side; None: there is one method, and no section.
  """

  evidence: Evidence
  fits: Sequence[DomainLaws]
  counsels: Sequence[Counsel]
  drawings: dict[str, str]
  panel: str
  backtests: "pd.DataFrame | None"
  tolerance: float
  folder: pathlib.Path
  with_texts: Callable
  injection: "pd.DataFrame | None" = None
  compared: remedies.Compared | None = None
  pdf: bool = False


def contents(known: Material) -> list[Section]:
  """Makes the page's sections: first what answers, then the details.

  Args:
    known: what they are made of.

  Returns:
    those that have something to show, and one on what is missing, and why.
  """
  shown, missing = [], []
  details = (replace(s, folded=True) for s in _details(known))
  for section in (*_answers(known), *details):
    (missing if section.missing else shown).append(section)
  if missing:
    items = "".join(
      f"<dt>{escape(s.title)}</dt><dd>{escape(s.missing)}</dd>" for s in missing
    )
    shown.append(
      Section(
        "absent",
        "What is not shown, and why",
        f"<dl>{items}</dl>",
        folded=True,
      )
    )
  return shown


def _answers(known: Material) -> Iterator[Section]:
  """The figures that one reads first."""
  some = len(known.evidence.measured) > 0
  drawings = known.drawings
  curves = drawings.get("u_curves", "")
  yield Section(
    "u_curves",
    "Losses while fine-tuning",
    explorer.u_curves(curves) if curves else "",
    missing="" if curves else NO_CURVES if some else NO_RUNS,
  )
  drawn = drawings.get("injection", "")
  yield Section(
    "injection",
    "Forgetting against injection",
    explorer.injection(known.evidence, known.injection, drawn) if drawn else "",
    missing="" if drawn else ONE_INJECTION if some else NO_RUNS,
  )
  yield Section(
    "whatif",
    "What if",
    known.panel + whatif.without_law(known.fits) if known.panel else "",
    missing="" if known.panel else NO_LAW if some else NO_RUNS,
  )
  if known.compared is not None:
    yield Section(
      "remedies",
      "Remedies compared",
      drawings.get("remedies", "")
      + remedies.section(known.compared, known.evidence),
    )


def _details(known: Material) -> Iterator[Section]:
  evidence, fits = known.evidence, known.fits
  some = len(evidence.measured) > 0
  lacking = NO_LAW if some else NO_RUNS

  def figure(name: str, title: str, why: str) -> Section:
    drawn = known.drawings.get(name, "")
    missing = "" if drawn else why if some else NO_RUNS
    return Section(name, title, drawn, missing=missing)

  def part(name: str, title: str, body: str, why: str) -> Section:
    return Section(name, title, body, missing="" if body else why)

  yield part(
    "advice",
    "How much to inject, cell by cell",
    f"<p>To keep forgetting under {known.tolerance:g} nats per token.</p>"
    + advice.section(evidence, known.counsels, fits)
    if known.counsels
    else "",
    NO_RUNS,
  )
  yield figure("sizes", "Forgetting against text and size", ONE_CELL)
  yield figure(
    "progress",
    "Pretraining progress lost",
    NO_CURVES if evidence.folder is None else NO_PRETRAINING,
  )
  yield part(
    "laws",
    "The fitted laws",
    parameters.section(evidence, fits) if fits else "",
    lacking,
  )
  turned = known.drawings.get("bottom", "")
  yield part(
    "bottom",
    "How long until the bottom",
    turned + bottom.section(evidence, fits) if turned else "",
    NO_BOTTOM if some else NO_RUNS,
  )
  halved = known.drawings.get("halving", "")
  yield part(
    "halving",
    "What an injected token is worth",
    halved + halving.section(evidence, fits) if known.panel else halved,
    NO_HALVING if some else NO_RUNS,
  )
  yield part(
    "extrapolation",
    "Fitted on the small, tested on the large",
    ""
    if known.backtests is None
    else extrapolation.section(evidence, known.backtests),
    NO_EXTRAPOLATION if some else NO_RUNS,
  )
  yield figure("predicted", "Predicted against measured", NOT_FITTED)
  firm = any(f.advisor or f.target for f in fits)
  yield part(
    "certificates",
    "How firm the fits are",
    certificates.section(evidence, fits) if firm else "",
    lacking,
  )
  yield matrix.section(
    evidence.folder,
    known.folder / "figures",
    with_texts=known.with_texts,
    pdf=known.pdf,
  )
  replayed = known.drawings.get("replay", "")
  yield part(
    "replay",
    "Replay policies compared",
    replayed + replay.comparison(evidence.runs) if replayed else "",
    NO_REPLAY,
  )
  yield part("runs", "The runs", _runs(known), "No fine-tuning has begun.")
  yield Section("provenance", "What was run", provenance.what_was_run(evidence))
  yield Section("words", "Words", glossary.section())


def _runs(known: Material) -> str:
  evidence = known.evidence
  if not len(evidence.finetunings):
    return ""
  names = ["runs.csv", *(["curves.csv"] if len(evidence.curves) else [])]
  links = " and ".join(f'<a href="{n}">{escape(n)}</a>' for n in names)
  return (
    f"{runs.section(evidence, known.folder)}"
    f'<p class="note screen">As tables: {links}.</p>'
  )
