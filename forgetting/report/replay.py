"""The page's comparison of replay policies."""

from collections.abc import Iterator
from html import escape

from forgetting.associations import policies
from forgetting.config import InputError
from forgetting.report.figure_replay import NAMES
from forgetting.report.markup import compact, number, table

CAPTION = (
  "Forgetting that injection removes, by how the injected text is chosen from "
  "one pool; means over seeds with Student's 95 % intervals. Forgetting is "
  "measured on text that is never injected."
)


def cells(runs):
  """Makes the figure's table.

  Args:
    runs: `records.load` of a study.

  Returns:
    `associations.policies.compare`; None where no policies can be compared.
  """
  if not policies.has_policies(runs):
    return None
  try:
    return policies.compare(runs)
  except InputError:
    return None


def comparison(runs) -> str:
  """Tells gains over uniform replay, and what a chosen token is worth.

  Args:
    runs: `records.load` of a study.

  Returns:
    HTML.
  """
  header = [
    *("Replay chosen", "Gain over uniform", "95 % interval"),
    *("Target loss against uniform", "95 % interval"),
  ]
  rows = [
    [
      escape(NAMES[policy]),
      *_with_interval(gain, "gain"),
      *_with_interval(gain, "target_rise"),
    ]
    for policy, gain in policies.overall(runs).items()
  ]
  worth = table(
    ["Domain", "Replay chosen", "B", "95 %", "Worth in random tokens", "95 %"],
    list(_worth(runs)),
    text=(0, 1),
  )
  return (
    f"{table(header, rows)}<p>Nats per token of forgetting, runs paired by "
    "seed, averaged over injections; above 0 is better than uniform. An "
    "interval that holds 0 is no gain that these runs can show.</p>"
    f"{worth}<p>B of <i>F = F</i><sub>0</sub> / (1 + <i>B p</i>), with one "
    "<i>F</i><sub>0</sub> a domain; intervals from a jackknife over seeds.</p>"
  )


def _with_interval(found: dict, name: str) -> tuple[str, str]:
  low, high = (number(found[f"{name}_{end}"], 4) for end in ("low", "high"))
  return number(found[name], 4), f"[{low}, {high}]"


def _worth(runs) -> Iterator[list[str]]:
  for w in policies.worth(runs):
    chosen = w.policy != policies.UNIFORM
    interval = f"[{compact(w.tokens_low)}, {compact(w.tokens_high)}]"
    yield [
      escape(w.domain),
      escape(NAMES[w.policy]),
      compact(w.b),
      f"[{compact(w.b_low)}, {compact(w.b_high)}]",
      compact(w.tokens) if chosen else "1",
      interval if chosen else "",
    ]
