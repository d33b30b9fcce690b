"""What an injected token is worth, in a table."""

from collections.abc import Sequence
from html import escape
import math

from forgetting.laws.invert import halving_injection
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import DomainLaws
from forgetting.report.markup import compact, swatch, table
from forgetting.report.style import percent


def section(evidence: Evidence, fits: Sequence[DomainLaws]) -> str:
  """Makes the table of what an injected token is worth, a row a domain.

  Args:
    evidence: the runs.
    fits: the laws of each domain.

  Returns:
    HTML: B and the injection that halves forgetting; "" without domains.
  """
  rows = []
  for f in fits:
    if f.forgetting is None:
      rows.append(
        [swatch(f.domain, evidence.domains), "–", "", "–", "", "no law"]
      )
      continue
    half, (low, high) = (
      halving_injection(f.forgetting),
      f.forgetting.interval()["B"],
    )
    missing = {"alpha", "B"} & set(f.forgetting.unidentified)
    mind = ["not identified: " + ", ".join(sorted(missing))] if missing else []
    if half.value > 1:
      mind.append("no injection halves the forgetting")
    if not f.published:
      mind.append(f"{f.advisor_name} fits better, in which it depends on size")
    rows.append(
      [
        swatch(f.domain, evidence.domains),
        compact(f.forgetting.params["B"]),
        f"[{compact(low)}, {compact(high)}]",
        _possible(half.value),
        f"[{_possible(half.low)}, {_possible(half.high)}]",
        escape("; ".join(mind)),
      ]
    )
  header = [
    *("Domain", "B", "95 % interval"),
    *("Halves forgetting", "95 % interval", "Mind"),
  ]
  return table(header, rows, text=(0, -1)) if rows else ""


def _possible(injection: float) -> str:
  """More than 100 % cannot be injected."""
  return percent(injection if injection <= 1 else math.inf)
