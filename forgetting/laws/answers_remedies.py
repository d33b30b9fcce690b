"""What the command answers to remedies: the frontier of each cell, in words."""

from __future__ import annotations

import dataclasses
import math

from forgetting.laws import frontier
from forgetting.laws.answers import Report
from forgetting.laws.frontier import Arm, Frontier
from forgetting.records import text_table

HEADER = (
  "remedy", "at its best", "runs", "forgetting", "removed", "worth p", "FLOPs",
)  # fmt: skip
NOTES = (
  "forgetting: nats a token where the target loss is first that low, straight"
  " between two evaluations; +- its standard error, between seeds or, of one"
  " run, over the sequences of its curve",
  "runs: of them, so many that have this target loss",
  "worth p: the injection that forgets as little there, straight between those"
  " that were tried; -: none was",
  "FLOPs: of the steps until there, as a part of plain fine-tuning's; -: of the"
  " whole run, which comes before",
)


def remedies(
  curves,
  runs,
  blends=None,
  *,
  progress: float = frontier.PROGRESS,
) -> Report:
  """Answers `forgetting remedies`: all remedies of a study side by side.

  Args:
    curves: as of `frontier.frontiers`.
    runs: one row a run, of which some may not be done: `records.load`.
    blends: as of `frontier.frontiers`.
    progress: as of `frontier.frontiers`.

  Returns:
    a Report whose data has, for each cell, the matched target loss, every arm,
    the best of each remedy, what pairs do together, and the hull.

  Raises:
    InputError: nothing to compare.
  """
  found = frontier.frontiers(curves, blends, progress=progress)
  texts = [_text(one, progress) for one in found]
  status = runs["status"].value_counts()
  undone = {word: int(n) for word, n in status.items() if word != "done"}
  if undone:
    told = ", ".join(f"{n} {word}" for word, n in sorted(undone.items()))
    texts.append(f"not all is in it: {told}")
  texts.append("\n".join(NOTES))
  data = dict(
    progress=progress, undone=undone, cells=[_data(one) for one in found]
  )
  return Report("\n\n".join(texts), data)


def _text(found: Frontier, progress: float) -> str:
  domain, params, tokens = found.cell
  lines = [
    f"{domain}, {params:,.0f} parameters, {tokens:,.0f} target tokens: at"
    f" target loss {found.target:.4f}, {progress:.0%} of the way of plain"
    " fine-tuning"
  ]
  plain = found.best[0]
  rows = [HEADER, *(_row(arm, plain) for arm in found.best)]
  lines += text_table.lines(rows, left=2)
  lines += [_pair(*pair) for pair in pairs(found)]
  return "\n".join(lines)


def _row(arm: Arm, plain: Arm) -> tuple[str, ...]:
  error = f" +- {arm.error:.4f}" if math.isfinite(arm.error) else ""
  forgetting = f"{arm.forgetting:.4f}{error}" if arm.reached else "not reached"
  return (
    arm.remedy,
    arm.arm,
    f"{arm.reached}/{arm.runs}",
    forgetting,
    _number(arm.removed, ".4f"),
    _worth(arm.worth),
    _number(arm.work / plain.work if plain.work else math.nan, ".2f"),
  )


def _number(value: float, form: str) -> str:
  return format(value, form) if math.isfinite(value) else "-"


def _worth(value: float) -> str:
  return "more" if value == math.inf else _number(value, ".3g")


def pairs(found: Frontier) -> list[tuple[Arm, Arm, Arm]]:
  """What was tried both alone and together with injection.

  Returns:
    (the remedy alone, injection alone, both) of the same strengths, all of them
    at the matched target loss; the best of each remedy.
  """
  by_name = {arm.arm: arm for arm in found.arms if arm.reached}
  out: dict[str, tuple[Arm, Arm, Arm]] = {}
  for both in found.arms:
    first, _, second = both.arm.rpartition(", ")
    alone, injected = by_name.get(first), by_name.get(second)
    if not (both.reached and alone and injected):
      continue
    known = out.get(both.remedy)
    if known is None or both.forgetting < known[2].forgetting:
      out[both.remedy] = alone, injected, both
  return list(out.values())


def _pair(alone: Arm, injected: Arm, both: Arm) -> str:
  total = alone.removed + injected.removed
  return (
    f"{both.remedy}: {alone.arm} removes {alone.removed:.4f}, {injected.arm}"
    f" {injected.removed:.4f}, both {both.removed:.4f} of {total:.4f} were they"
    " to add"
  )


def _data(found: Frontier) -> dict:
  out = dataclasses.asdict(found)
  out["cell"] = dict(zip(frontier.CELL, found.cell, strict=True))
  names = ("alone", "injected", "both")
  out["together"] = [
    dict(zip(names, map(dataclasses.asdict, pair), strict=True))
    for pair in pairs(found)
  ]
  return out
