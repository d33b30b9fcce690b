"""Fitted on the small, tested on the large: what the laws are for."""

from collections.abc import Sequence
from html import escape

from forgetting.laws import lockstep
from forgetting.laws.backtests import backtests, scoring
from forgetting.laws.criteria import aicc
from forgetting.laws.lockstep import Search
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import DomainLaws
from forgetting.report.markup import swatch, table
from forgetting.report.style import count

NAMES = {"N": "model", "D": "target tokens", "p": "injection"}
LOSSES = {
  "forgetting": "pretraining",
  "target": "target",
  "bottom": "tokens at best",
}


def scores(fits: Sequence[DomainLaws]):
  """Scores every law on runs that it was not fitted to.

  Args:
    fits: the laws of each domain.

  Returns:
    a data frame, one row a domain, law and split; None where none can be
    split. `error` is the mean of abs(L_pred / L - 1) on the runs left out,
    `bias` the mean of ln(L_pred / L), `in_sample` the error on all runs by the
    fit to all of them.
  """
  import pandas as pd

  domains = lockstep.run(lockstep.gather([_of_domain(f) for f in fits]))
  rows = [row for domain in domains for row in domain]
  return pd.DataFrame(rows) if rows else None


def _of_domain(fits: DomainLaws) -> Search[list[dict]]:
  forms = [
    ("published", "forgetting", fits.forgetting),
    ("published", "target", fits.target),
    ("ours", "bottom", fits.bottom),
  ]
  if not fits.published:
    forms.insert(1, ("advises", "forgetting", fits.advisor))
  judged = [
    (form, kind, fit, backtests(fit))
    for form, kind, fit in forms
    if fit is not None and aicc(fit) < float("inf")
  ]
  found = yield from lockstep.gather(
    [scoring(fit, splits) for *_, fit, splits in judged]
  )
  return [
    dict(
      domain=fits.domain,
      loss=LOSSES[kind],
      form=form,
      law=fit.law.name,
      split=split.name,
      left_out=_left_out(split.name, fit),
      fitted_runs=int(split.train.sum()),
      tested_runs=score.rows,
      error=score.error,
      bias=score.bias,
      in_sample=fit.mean_relative_error,
    )
    for (form, kind, fit, splits), scores in zip(judged, found, strict=True)
    for split, score in zip(splits, scores, strict=True)
  ]


def _left_out(split: str, fit) -> str:
  """The split in words, with the values that were left out."""
  what = split.removeprefix("all but ")
  if not what.startswith("the largest "):
    return what.replace("p = ", "injection ")
  axes = what.removeprefix("the largest ").split(" and ")
  return "the largest " + " or ".join(
    f"{NAMES[axis]} ({count(fit.data.values[axis].max())})" for axis in axes
  )


def section(evidence: Evidence, found) -> str:
  """Makes the section on extrapolation.

  Args:
    evidence: the runs.
    found: what `scores` gave.

  Returns:
    HTML: a row a test that leaves out the largest runs.
  """
  header = [
    "Domain",
    "Of what",
    "Form",
    "Left out of the fit",
    "Fitted to",
    "Tested on",
    "Error",
    "Bias",
    "Error when fitted to all",
  ]
  rows = [
    [
      swatch(row["domain"], evidence.domains),
      row["loss"],
      escape(row["form"]),
      escape(row["left_out"]),
      f"{row['fitted_runs']} runs",
      f"{row['tested_runs']} runs",
      f"<b>{100 * row['error']:.2g} %</b>",
      f"{100 * row['bias']:+.2g} %".replace("-", "−"),
      f"{100 * row['in_sample']:.2g} %",
    ]
    for row in found.to_dict("records")
    if row["left_out"].startswith("the largest")
  ]
  whole = (
    "<p>Each law is fitted again without the largest runs, from scratch, and "
    "asked for them: the question that a study at small scale is there to "
    "answer. Errors are means of |predicted / measured − 1| of the loss, as in "
    "the paper; forgetting is only a part of the pretraining loss, so that its "
    "own relative error is larger. Tokens at best are those until the bottom "
    "of the U-curve. Bias above 0: the law expected more than there was.</p>"
  )
  others = len(found) - len(rows)
  note = (
    f'<p class="note">{others} more tests, each without one injection, are in '
    '<a href="figures/extrapolation.csv">extrapolation.csv</a>.</p>'
  )
  return f"{whole}{table(header, rows, text=(0, 1, 2, 3))}{note}"
