"""What the command answers to remedies: the frontier of each cell, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math

from forgetting.laws import drifts, frontier, paths
from forgetting.laws.answers import Report
from forgetting.laws.frontier import Arm, Frontier, Stop
from forgetting.laws.together import Together, pairs
from forgetting.records import methods, text_table
from forgetting.records.table_columns import DONE

HEADER = (
  "remedy", "at its best", "runs", "forgetting", "removed", "worth p",
  "95 %", "FLOPs", "memory",
)  # fmt: skip
NOTES = (
  "forgetting: nats a token where the target loss is first that low, straight"
  " between two evaluations; +- its standard error, between seeds or, of one"
  " run, over the sequences of its curve",
  "runs: of them, so many that have this target loss",
  "worth p: the injection that forgets as little there, by the law that counts"
  " tokens, F = A / (1 + B R)^c; more: than was tried; -: none was",
  "FLOPs: of the steps until there, as a part of plain fine-tuning's; -: of the"
  " whole run, which comes before. ewc goes through its text once a parent"
  " beside",
  "R2: share of the variance of forgetting at best, over runs of all methods,"
  " that a parabola in the distance from base tells; interval by resampling"
  " runs",
  "memory: of a training step on one device, by formula, as a part of plain"
  " fine-tuning's; -: not told, or no step",
)


def remedies(
  curves,
  runs,
  blends=None,
  *,
  progress: float = frontier.PROGRESS,
  planned=None,
  memory: Mapping[str, float] | None = None,
) -> Report:
  """Answers `forgetting remedies`: all remedies of a study side by side.

  Args:
    curves: as of `frontier.frontiers`.
    runs: one row a run, of which some may not be done: `records.load`.
    blends: as of `frontier.frontiers`.
    progress: as of `frontier.frontiers`.
    planned: one row a run of the study's config, begun or not; None: those of
      `runs`.
    memory: run -> bytes of its training step.

  Returns:
    a Report whose data has, for each cell, the matched target loss, every arm,
    the best of each remedy, what pairs do together, the stop, the hull; what
    is missing; and what tells forgetting at best, over all runs.

  Raises:
    InputError: nothing to compare.
  """
  known = _known(runs, planned)
  curves = methods.by_chance(curves, methods.replay_reference(known))
  found = frontier.frontiers(curves, blends, progress=progress)
  used = _memory(curves, memory or {}, found)
  texts = [line] if (line := methods.replay_line(known)) else []
  texts += [_text(one, progress, used) for one in found]
  missing = missing_of(runs, planned)
  texts += _missing_lines(missing)
  if blends is None or not len(blends):
    texts.append(
      "averaging and largest are missing: no run's best is kept (--keep-best)"
    )
  told = drifts.told_by(runs)
  texts += _told_lines(told)
  texts.append("\n".join(NOTES))
  status = runs["status"].value_counts()
  data = dict(
    progress=progress,
    undone={word: int(n) for word, n in status.items() if word != DONE},
    missing=missing,
    memory={f"{word}": value for (_, word), value in used.items()},
    cells=[_data(one) for one in found],
    told_by=[dataclasses.asdict(one) for one in told],
  )
  return Report("\n\n".join(texts), data)


def missing_of(runs, planned=None) -> list[dict]:
  """Tells which runs of a study's remedies are not done.

  Args:
    runs, planned: as of `remedies`.

  Returns:
    a dict an arm, in order: cell, remedy, arm, undone and runs (how many).
  """
  known = _known(runs, planned)
  tuned = known["domain"].notna() & (known["domain"].astype(str) != "")
  known = methods.by_chance(known[tuned])
  done, usual = runs["run"][runs["status"] == DONE], paths.usual_of(known)
  counts: dict[tuple, list[int]] = {}
  for _, row in known.iterrows():
    cell = paths.cell_of(row)
    key = (cell, *paths.named(row, usual.get(cell, ())))
    count = counts.setdefault(key, [0, 0])
    count[0] += row["run"] not in {*done}
    count[1] += 1
  return [
    dict(cell=list(cell), remedy=remedy, arm=arm, undone=undone, runs=of)
    for (cell, remedy, arm), (undone, of) in sorted(counts.items())
    if undone
  ]


def _known(runs, planned):
  """All runs of a study, begun or not, one row each."""
  import pandas as pd

  known = runs if planned is None else pd.concat([runs, planned])
  return known.drop_duplicates(["study", "run"])


def _missing_lines(missing: list[dict]) -> list[str]:
  if not missing:
    return []
  lines = [f"missing: {sum(m['undone'] for m in missing)} runs are not done"]
  cells: dict[tuple, list[str]] = {}
  for m in missing:
    told = f"{m['arm']} ({m['undone']} of {m['runs']})"
    cells.setdefault(tuple(m["cell"]), []).append(told)
  for (domain, params, tokens), arms in cells.items():
    where = f"{domain}, {params:,.0f} parameters, {tokens:,.0f} target tokens"
    lines.append(f"  {where}: {'; '.join(arms)}")
  return ["\n".join(lines)]


def _told_lines(told: list[drifts.Told]) -> list[str]:
  if not told:
    return []
  rows = [("what tells forgetting at best", "domain", "runs", "R2", "95 %")]
  rows += [
    (
      drifts.DISTANCES[one.distance],
      one.domain,
      str(one.runs),
      f"{one.r2:.2f}",
      f"{one.low:.2f} to {one.high:.2f}",
    )
    for one in told
  ]
  return ["\n".join(text_table.lines(rows, left=2))]


def _memory(
  curves, memory: Mapping[str, float], found: Sequence[Frontier]
) -> dict[tuple, float]:
  """(model parameters, method) -> of plain fine-tuning's memory."""
  rows = curves.drop_duplicates(["study", "run"])
  used = {
    (row["model_params"], row["method"]): memory[row["run"]]
    for _, row in rows.iterrows()
    if row["run"] in memory
  }
  plain = {
    one.cell[1]: used[one.cell[1], one.best[0].method]
    for one in found
    if (one.cell[1], one.best[0].method) in used
  }
  return {key: m / plain[key[0]] for key, m in used.items() if key[0] in plain}


def _text(found: Frontier, progress: float, memory) -> str:
  domain, params, tokens = found.cell
  plain = found.best[0]
  by = "" if plain.method == paths.FULL.word else f" by {plain.method}"
  lines = [
    f"{domain}, {params:,.0f} parameters, {tokens:,.0f} target tokens: at"
    f" target loss {found.target:.4f}, {progress:.0%} of the way of plain"
    f" fine-tuning{by}"
  ]
  rows = [
    HEADER,
    *(
      _row(arm, plain, memory.get((params, arm.method), math.nan))
      for arm in found.best
    ),
  ]
  lines += text_table.lines(rows, left=2)
  lines += [_pair(pair) for pair in pairs(found)]
  lines.append(_stop(found.stop))
  return "\n".join(lines)


def _row(arm: Arm, plain: Arm, memory: float) -> tuple[str, ...]:
  error = f" +- {arm.error:.4f}" if math.isfinite(arm.error) else ""
  forgetting = f"{arm.forgetting:.4f}{error}" if arm.reached else "not reached"
  return (
    arm.remedy,
    arm.arm,
    f"{arm.reached}/{arm.runs}",
    forgetting,
    _number(arm.removed, ".4f"),
    _worth(arm.worth),
    "-"
    if math.isnan(arm.worth)
    else f"{_worth(arm.worth_low)} to {_worth(arm.worth_high)}",
    _number(arm.work / plain.work if plain.work else math.nan, ".2f"),
    _number(memory, ".2f"),
  )


def _number(value: float, form: str) -> str:
  return format(value, form) if math.isfinite(value) else "-"


def _worth(value: float) -> str:
  return "more" if value == math.inf else _number(value, ".3g")


def _pair(pair: Together) -> str:
  alone, injected, both = pair.alone, pair.injected, pair.both
  total = alone.removed + injected.removed
  share = ""
  if math.isfinite(pair.share):
    share = f"; beside it {alone.arm} keeps {pair.share:.2f}"
    share += f" +- {_number(pair.error, '.2f')} of its effect"
  return (
    f"{both.remedy}: {alone.arm} removes {alone.removed:.4f}, {injected.arm}"
    f" {injected.removed:.4f}, both {both.removed:.4f} of {total:.4f} were they"
    f" to add{share}: {pair.verdict}"
  )


def _stop(stop: Stop) -> str:
  error = (
    f" +- {stop.removed_error:.4f}" if math.isfinite(stop.removed_error) else ""
  )
  return (
    f"one-standard-error stop of plain fine-tuning: target loss"
    f" {stop.target:.4f} + {stop.paid:.4f}, forgetting {stop.forgetting:.4f} -"
    f" {stop.removed:.4f}{error}"
  )


def _data(found: Frontier) -> dict:
  out = dataclasses.asdict(found)
  out["cell"] = dict(zip(paths.CELL, found.cell, strict=True))
  out["together"] = [dataclasses.asdict(pair) for pair in pairs(found)]
  return out
