"""How long until the bottom of the U-curve: the law, and how it was tried."""

from collections.abc import Sequence
from html import escape

import numpy as np

from forgetting.laws import lockstep
from forgetting.laws import table as tables
from forgetting.laws.backtests import Split, backtests, predicted
from forgetting.laws.lockstep import Search
from forgetting.laws.vocabulary import CELL
from forgetting.report import parameters
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import DomainLaws
from forgetting.report.markup import relative_error, swatch

CAPTION = (
  "Tokens trained on until the target loss turned, as measured and as the law "
  "has them: fitted to all runs, to all but those of the run's own cell, and "
  "to those alone that are of neither the largest model nor the most target "
  "tokens. On the dotted line the law is exact."
)
KINDS = ("fitted to all runs", "own cell left out", "largest left out")
LEAST_CELLS = 3
EQUATION = (
  "<i>T</i> = <i>C D</i><sup>δ</sup> / (<i>N</i><sup>ν</sup> (1 − <i>p</i>))"
)


def points(fits: Sequence[DomainLaws]):
  """Makes the table of when runs turned, and when the law expected it.

  Args:
    fits: the laws of each domain.

  Returns:
    a data frame, one row a run and kind of fit, tokens; None where no domain
    has a law.
  """
  import pandas as pd

  searches = [_of_domain(f) for f in fits if f.bottom]
  domains = lockstep.run(lockstep.gather(searches))
  parts = [part for domain in domains for part in domain]
  return pd.concat(parts, ignore_index=True) if parts else None


def _of_domain(fits: DomainLaws) -> Search[list]:
  fit = fits.bottom
  assert fit is not None, "the caller looked"
  data = fit.own_data
  columns = ["model_params", "target_tokens", "injection"]
  rows = data.frame[columns].assign(domain=fits.domain, measured=data.loss)
  whole = Split(KINDS[0], np.ones(fit.n, bool))
  known = fit.losses(fit.x[None], data.values)[0]
  parts = [rows.assign(kind=whole.name, predicted=known)]
  splits = [*_cells(fit), *_largest(fit)]
  found = yield from predicted(fit, splits)
  for split, losses in zip(splits, found, strict=True):
    left = ~split.train
    parts.append(rows[left].assign(kind=split.name, predicted=losses[left]))
  return parts


def _cells(fit) -> list[Split]:
  """Every cell left out in turn, where the rest tells the law."""
  cells = tables.codes(fit.own_data.frame, CELL)
  names = np.unique(cells)
  wanted = int(fit.own_problem.free.sum())
  if len(names) < max(LEAST_CELLS, wanted + 1):
    return []
  return [Split(KINDS[1], cells != name) for name in names]


def _largest(fit) -> list[Split]:
  """The backtest that leaves out the largest on every axis that it can."""
  found = [
    s for s in backtests(fit) if s.name.startswith("all but the largest")
  ]
  return [Split(KINDS[2], found[-1].train)] if found else []


def section(evidence: Evidence, fits: Sequence[DomainLaws]) -> str:
  """Makes the section on when the target loss turns.

  Args:
    evidence: the runs.
    fits: the laws of each domain.

  Returns:
    HTML: the equation, and parameters with intervals, domain by domain.
  """
  parts = [
    f'<p class="equation">{EQUATION}</p>'
    '<p class="note"><i>T</i>: tokens of all batches until the target loss '
    "turns, of which <i>p</i> are injected; fitted to the runs that went on "
    "after their best, by least squares of ln <i>T</i>, with intervals from a "
    "bootstrap over (<i>N</i>, <i>D</i>) cells. Where δ is 1 the number of "
    "passes over the target text does not depend on how much there is. Its "
    'certificate is under <a href="#certificates">How firm the fits are</a>.'
    "</p>"
  ]
  for f in fits:
    parts.append(f"<h3>{swatch(f.domain, evidence.domains)}</h3>")
    if f.bottom is None:
      parts.append(f"<p>No fit. {escape(f.why['bottom'])}.</p>")
      continue
    measured = evidence.measured
    runs = int((measured["domain"].astype(str) == f.domain).sum())
    parts.append(
      f"<p>{f.bottom.n} of {runs} runs turned; mean relative error "
      f"{relative_error(f.bottom)} of the tokens.{_held(f.bottom)}</p>"
    )
    parts.append(parameters.values(f.bottom))
  return "\n".join(parts)


def _held(fit) -> str:
  """What one size, or one amount of text, does not tell."""
  told = {
    "nu": "One size turned: <i>ν</i> is held at 0.",
    "delta": "One amount of target text turned: <i>δ</i> is held at 1.",
  }
  return "".join(f" {told[name]}" for name in fit.choices.fixed)
