"""How much to inject: what the law asks for, beside what was measured."""

from collections.abc import Sequence
from html import escape
import math

from forgetting.laws.advisors import name_of
from forgetting.report import words
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import Counsel, DomainLaws
from forgetting.report.markup import (
  GREEK,
  equation,
  number,
  relative_error,
  swatch,
  table,
)
from forgetting.report.style import count, percent


def section(
  evidence: Evidence, counsels: Sequence[Counsel], fits: Sequence[DomainLaws]
) -> str:
  """Makes the section on advice, a row a cell.

  Args:
    evidence: the runs.
    counsels: what the law asks for and what was measured, in each cell.
    fits: the laws of each domain.

  Returns:
    HTML: the table, and which form of the law speaks for each domain.
  """
  header = [
    "Domain",
    "Parameters",
    "Target tokens",
    "Forgetting at 0 %, by the law",
    "Measured",
    "Inject",
    "95 % interval",
    "Least run that is enough",
    "Mind",
  ]
  rows = []
  for c in counsels:
    a = c.advice
    at_none, law = "–", ["–", "–"]
    if a is not None:
      at_none = number(a.without)
      law = [
        f"<b>{percent(a.injection, 2)}</b>",
        _limits(a.low, a.high),
      ]
    rows.append(
      [
        swatch(c.domain, evidence.domains),
        count(c.model_params),
        count(c.target_tokens),
        at_none,
        "" if math.isnan(c.measured_without) else number(c.measured_without),
        *law,
        _least(c),
        escape("; ".join(words.flags(c))),
      ]
    )
  return table(header, rows, text=(0, -1)) + "".join(_advisor(f) for f in fits)


def _limits(low: float, high: float) -> str:
  if math.isinf(low):
    return "none suffices"
  return f"[{percent(low, 2)}, {percent(high, 2)}]"


def _least(counsel: Counsel) -> str:
  if math.isinf(counsel.measured_injection):
    return "none suffices"
  left = number(counsel.measured_forgetting)
  return f"{percent(counsel.measured_injection)} (leaves {left})"


def _advisor(fits: DomainLaws) -> str:
  """Which form of the law speaks, and what weakens it."""
  if fits.advisor is None:
    return ""
  choice = fits.advisors.choose()
  law = escape(fits.advisor_name)
  text = f"<i>L</i> = {equation(fits.advisor.law.equation)}, {law}, answers"
  if choice.trial.rows:
    text += (
      f": it missed {number(choice.trial.error)} nats of forgetting when tried"
      f" ({escape(choice.trial.where)})"
    )
  if not fits.published and fits.forgetting is not None:
    error = choice.scores[name_of(fits.forgetting)]
    missed = "could not be tried" if error is None else number(error)
    text += f", the published form {missed}"
  text += f"; mean relative error {relative_error(fits.advisor)}"
  missing = fits.advisor.unidentified
  if missing:
    names = ", ".join(GREEK.get(name, name) for name in missing)
    text += f". The data do not identify its {names}"
  if not fits.advisor.certificate.holds:
    text += ". Its fit has no certificate"
  return f'<p class="note"><b>{escape(fits.domain)}</b>: {text}.</p>'
