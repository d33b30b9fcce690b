"""The page's sections in their order; what cannot be shown says why."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
import pathlib

from forgetting.report import (
  advice,
  certificates,
  extrapolation,
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
from forgetting.report.page import Section, absent

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
NO_REPLAY = (
  "This study does not choose what it replays: all of its injected text is "
  "drawn at random."
)
NOT_FITTED = "Without a law there is nothing that predicts."


def contents(
  evidence: Evidence,
  fits: Sequence[DomainLaws],
  counsels: Sequence[Counsel],
  *,
  drawings: dict[str, str],
  panel: str,
  backtests,
  tolerance: float,
  folder: pathlib.Path,
  with_texts: Callable,
  compared: remedies.Compared | None = None,
) -> Iterator[Section]:
  """Makes all sections of the page, in their order.

  Args:
    evidence: the runs.
    fits: the laws of each domain.
    counsels: the advice of each cell.
    drawings: of `figures.draw`; panel: of `whatif.panel`; backtests: of
      `extrapolation.scores`.
    tolerance: forgetting that the advice allows, nats per token.
    folder: the page's.
    with_texts: as of `report.write`.
    compared: remedies side by side; None: there is one method, and no section.
  """
  some = len(evidence.measured) > 0
  lacking = NO_LAW if some else NO_RUNS

  def figure(name: str, why: str) -> str:
    return drawings.get(name) or absent(why if some else NO_RUNS)

  yield Section(
    "whatif",
    "What if",
    panel + whatif.without_law(fits) if panel else absent(lacking),
  )
  yield Section(
    "advice",
    "How much to inject",
    f"<p>To keep forgetting under {tolerance:g} nats per token.</p>"
    + advice.section(evidence, counsels, fits)
    if counsels
    else absent(NO_RUNS),
  )
  yield Section(
    "u_curves", "Losses while fine-tuning", figure("u_curves", NO_CURVES)
  )
  yield Section(
    "injection",
    "Forgetting against injection",
    figure("injection", ONE_INJECTION),
  )
  yield Section(
    "sizes", "Forgetting against text and size", figure("sizes", ONE_CELL)
  )
  yield Section(
    "progress",
    "Pretraining progress lost",
    figure(
      "progress", NO_CURVES if evidence.folder is None else NO_PRETRAINING
    ),
  )
  yield Section(
    "laws",
    "The fitted laws",
    parameters.section(evidence, fits) if fits else absent(lacking),
  )
  yield Section(
    "halving",
    "What an injected token is worth",
    figure("halving", NO_HALVING)
    + (halving.section(evidence, fits) if panel else ""),
  )
  yield Section(
    "extrapolation",
    "Fitted on the small, tested on the large",
    extrapolation.section(evidence, backtests)
    if backtests is not None
    else absent(NO_EXTRAPOLATION if some else NO_RUNS),
  )
  yield Section(
    "predicted", "Predicted against measured", figure("predicted", NOT_FITTED)
  )
  yield Section(
    "certificates",
    "How firm the fits are",
    certificates.section(evidence, fits)
    if any(f.advisor or f.target for f in fits)
    else absent(lacking),
  )
  yield Section(
    "matrix",
    "The forgetting matrix",
    matrix.section(evidence.folder, folder / "figures", with_texts=with_texts),
  )
  if compared is not None:
    yield Section(
      "remedies",
      "Remedies compared",
      drawings.get("remedies", "") + remedies.section(compared, evidence),
    )
  yield Section(
    "replay", "Replay policies compared", _replay(drawings, evidence)
  )
  yield Section("runs", "The runs", _runs(evidence))
  yield Section("provenance", "What was run", provenance.what_was_run(evidence))


def _replay(drawings: dict[str, str], evidence: Evidence) -> str:
  if "replay" not in drawings:
    return absent(NO_REPLAY)
  return drawings["replay"] + replay.comparison(evidence.runs)


def _runs(evidence: Evidence) -> str:
  if not len(evidence.finetunings):
    return absent("No fine-tuning has begun.")
  names = ["runs.csv", *(["curves.csv"] if len(evidence.curves) else [])]
  links = " and ".join(f'<a href="{n}">{escape(n)}</a>' for n in names)
  return (
    f'{runs.section(evidence)}<p class="note screen">As tables: {links}.</p>'
  )
