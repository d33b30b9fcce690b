"""The figures of a page, each drawn from a table that lies beside it."""

import pathlib

from forgetting.report import (
  bottom,
  figure_bottom,
  figure_curves,
  figure_halving,
  figure_injection,
  figure_predicted,
  figure_progress,
  figure_remedies,
  figure_replay,
  figure_sizes,
  page,
  progress,
  remedies,
  replay,
  style,
  tables,
)
from forgetting.report.evidence import Evidence

CAPTIONS = {
  "u_curves": (
    "While a model is fine-tuned its target loss falls, then rises again as it "
    "overfits: a U. A run's result is taken at the bottom, the star. The "
    "pretraining loss rises meanwhile, as a rule less with more injection. "
    "Right: one against the other, what is paid for what is learnt. Measured "
    "on a fixed subset of the validation texts."
  ),
  "injection": (
    "What is forgotten at best: pretraining loss above that of the base, the "
    "dotted line. Lines: the law that gives the advice, with its 95 % band; "
    "dashed, where it is another: the published form. The axis is linear below "
    "the least positive injection, logarithmic above."
  ),
  "sizes": (
    "Forgetting against the unique target tokens (left) and against the size "
    "of the model (right), at the least injection that was run; points are "
    "means over seeds, lines the law that gives the advice; the band is the "
    "95 % interval of the middle line."
  ),
  "progress": (
    "Pretraining progress lost: how far back along its own pretraining curve "
    "the fine-tuned model has slid, 100 % being untrained. At the most target "
    "tokens that were run; means over seeds."
  ),
  "halving": (
    "Of the published law, with 95 % bootstrap intervals. B says how much an "
    "injected token counts: a model acts 1 + B p times its size. At the "
    "dotted line, 100 %, an interval is cut off: beyond it no injection halves "
    "the forgetting."
  ),
  "predicted": (
    "Each point is a run that the published laws were fitted to; on the dotted "
    "line a law is exact. The middle panel takes the base off: there the "
    "errors are as large as they matter for forgetting."
  ),
  "bottom": bottom.CAPTION,
  "remedies": remedies.CAPTION,
  "replay": replay.CAPTION,
}


def draw(
  evidence: Evidence,
  fits,
  folder: pathlib.Path,
  *,
  injection=None,
  compared: remedies.Compared | None = None,
  pdf: bool = False,
) -> dict[str, str]:
  """Draws all figures that the runs allow, each beside its table.

  Args:
    evidence: the runs.
    fits: the laws of each domain.
    folder: where the files go.
    injection: `tables.injection`, where there is something to draw.
    compared: the study's remedies, where it has some.
    pdf: whether each is written as PDF too.

  Returns:
    figure's name -> HTML for the page; a figure without data is missing.
  """
  if not len(evidence.measured):
    return {}
  domains, sizes = evidence.domains, evidence.sizes
  known = dict(domains=domains, sizes=sizes)
  wanted = {
    "u_curves": (
      tables.u_curves(evidence),
      lambda table: figure_curves.u_curves(table, domains=domains),
    ),
    "injection": (
      injection,
      lambda table: figure_injection.injection(table, **known),
    ),
    "sizes": (
      tables.sizes(evidence, fits),
      lambda table: figure_sizes.sizes(table, **known),
    ),
    "progress": (
      progress.lost(evidence),
      lambda table: figure_progress.progress(table, domains=domains),
    ),
    "halving": (
      tables.halving(fits),
      lambda table: figure_halving.halving(table, domains=domains),
    ),
    "bottom": (
      bottom.points(fits),
      lambda table: figure_bottom.bottom(table, **known),
    ),
    "predicted": (
      tables.predicted(evidence, fits),
      lambda table: figure_predicted.predicted(table, **known),
    ),
    "remedies": (
      compared.points if compared else None,
      figure_remedies.remedies,
    ),
    "replay": (replay.cells(evidence.runs), figure_replay.replay),
  }
  return {
    name: page.figure(
      name,
      style.save(name, folder, drawing, table, pdf=pdf),
      CAPTIONS[name],
      pdf=pdf,
    )
    for name, (table, drawing) in wanted.items()
    if table is not None
  }
