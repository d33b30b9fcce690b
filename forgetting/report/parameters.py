"""The fitted laws: their parameters, and what these say."""

from collections.abc import Iterable, Sequence
from html import escape

from forgetting.laws.criteria import CLEAR, aicc
from forgetting.report import words
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import DomainLaws
from forgetting.report.markup import (
  GREEK,
  compact,
  equation,
  number,
  relative_error,
  swatch,
  table,
)
from forgetting.report.style import percent

EQUATIONS = {
  "forgetting": (
    "<i>L</i><sub>pt</sub> = <i>L</i><sub>pt,base</sub> + <i>A D</i>"
    "<sup>β</sup> / ((1 + <i>B p</i>) <i>N</i>)<sup>α</sup>"
  ),
  "target": (
    "<i>L</i><sub>ft</sub> = <i>A</i> / (<i>N</i><sup>α</sup> <i>D</i>"
    "<sup>β</sup>) + <i>E</i>"
  ),
}
TITLES = {
  "forgetting": "Forgetting law: the pretraining loss at best",
  "target": "Target law: the target loss at best",
}


def section(evidence: Evidence, fits: Sequence[DomainLaws]) -> str:
  """Makes the section on the fitted laws.

  Args:
    evidence: the runs.
    fits: the laws of each domain.

  Returns:
    HTML: equations, parameters, what they say, and the test of F(p)/F(0).
  """
  parts = [
    f'<p class="equation">{EQUATIONS["forgetting"]}</p>'
    f'<p class="equation">{EQUATIONS["target"]}</p>',
    '<p class="note"><i>N</i>: non-embedding parameters; <i>D</i>: unique '
    "target tokens; <i>p</i>: injection, a fraction of tokens; losses in nats "
    "per token. After arXiv 2502.06042; <i>A</i>, <i>B</i>, α, β "
    "and <i>E</i> are fitted to each domain, with intervals from a bootstrap "
    "over (<i>N</i>, <i>D</i>) cells.</p>",
  ]
  for domain_laws in fits:
    parts.append(f"<h3>{swatch(domain_laws.domain, evidence.domains)}</h3>")
    for law in ("forgetting", "target"):
      parts.append(_law(domain_laws, law))
    if domain_laws.advisor and not domain_laws.published:
      parts.append(_advisor(domain_laws))
    if domain_laws.forgetting:
      parts.append(_ratio(domain_laws))
  return "\n".join(parts)


def _law(fits: DomainLaws, law: str) -> str:
  fit = getattr(fits, law)
  if fit is None:
    return f"<p><b>{TITLES[law]}</b>: no fit. {escape(fits.why[law])}.</p>"
  error = relative_error(fit)
  summary = (
    f"<p><b>{TITLES[law]}</b>: {fit.n} runs, mean relative error {error}."
  )
  if law == "forgetting":
    summary += f" {words.half(fit)}{_with_constant(fits)}"
  if not fit.certificate.holds:
    summary += f" <b>Do not trust it</b>: {escape(str(fit.certificate))}."
  return f"{summary}</p>" + values(fit)


def _advisor(fits: DomainLaws) -> str:
  """The law that advises, where it is not the published one."""
  fit = fits.advisor
  summary = (
    f"<p><b>The law that advises</b>: {escape(fits.advisor_name)}, "
    f"{equation(fit.law.equation)}; mean relative error {relative_error(fit)}."
  )
  if fit.schedule is not None and fit.schedule.bottom is not None:
    bottom = fit.schedule.bottom
    summary += (
      f" <i>T</i> at best is where the target loss turns: "
      f"{compact(bottom.C)} <i>D</i><sup>{number(bottom.delta, 2)}</sup> "
      f"<i>N</i><sup>{number(-bottom.nu, 2)}</sup>/(1 − <i>p</i>), within "
      f"{percent(bottom.error)} over the {bottom.runs} runs that turned."
    )
  return f"{summary}</p>" + values(fit)


def values(fit) -> str:
  """Makes the table of the parameters of a fit that were fitted.

  Args:
    fit: a `laws.Fit`.

  Returns:
    HTML: the symbol, the value, its interval, and what it says.
  """
  header = ["Parameter", "Value", "95 % interval", "What it says"]
  return table(header, _rows(fit), text=(0, -1))


def _rows(fit) -> Iterable[list[str]]:
  intervals, missing, params = fit.interval(), fit.unidentified, fit.params
  for name, value in params.items():
    if not fit.choices.moves(fit.law, name):
      continue
    symbol = GREEK.get(name, f"<i>{name}</i>")
    if name in missing:
      yield [symbol, "not identified", "", escape(missing[name])]
      continue
    low, high = intervals[name]
    said = fit.law.words[name](params) if name in fit.law.words else ""
    yield [
      symbol,
      compact(value, 4),
      f"[{compact(low)}, {compact(high)}]",
      escape(said),
    ]


def _with_constant(fits: DomainLaws) -> str:
  wide = fits.with_constant
  if wide is None:
    return ""
  change = aicc(wide) - aicc(fits.forgetting)
  verdict = "worth" if change < -CLEAR else "not worth"
  return (
    f" With a constant + <i>E</i> added: <i>E</i> = "
    f"{compact(wide.params['E'])}, mean relative error {relative_error(wide)}, "
    f"{verdict} a parameter (AICc {change:+.1f})."
  )


def _ratio(fits: DomainLaws) -> str:
  verdict = f"<p>{escape(words.ratio_verdict(fits))}</p>"
  test = fits.ratio
  if test is None or not len(test.injection):
    return verdict
  rows = [
    [
      percent(p),
      number(law, 2),
      number(median, 2),
      f"{number(low, 2)} to {number(high, 2)}" if cells else "–",
      str(cells),
    ]
    for p, law, median, low, high, cells in zip(
      test.injection,
      test.law,
      test.median,
      test.low,
      test.high,
      test.cells,
      strict=True,
    )
  ]
  header = [
    "Injection",
    "F(p)/F(0) by law",
    "measured, median",
    "range over cells",
    "cells",
  ]
  return verdict + table(header, rows)
