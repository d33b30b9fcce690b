"""One study read by several criteria: why published answers differ so.

What is to be kept decides how much is injected, as much as the runs do. Each
criterion is a question to the same forms of the law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forgetting.config import InputError
from forgetting.laws import answers
from forgetting.laws.advice import percent
from forgetting.laws.advise import advise as ask
from forgetting.laws.answers import Report
from forgetting.laws.budget import check
from forgetting.laws.fit import fit
from forgetting.laws.schedule import Schedule
from forgetting.laws.stands import Stands
from forgetting.records import text_table
from forgetting.records.by_source import by_source

CRITERIA = {
  "nats": "the mean rise of the pretraining loss stays under it",
  "percent": "the rise stays under so many percent of the base loss",
  "progress": "no more than so many percent of pretraining are undone",
  "any-source": "each source of the pretraining text rises by less (marin's"
  " gate, issue 4507); the source that needs most decides",
  "cmr": "for a fixed number of trained tokens, which injection takes from the"
  " target text, the rise at their end stays under it; told as the domain's"
  " share R = 1 - p (arXiv 2407.17467)",
  "dcpt": "the target loss is the lowest that the D-CPT law has where its"
  " general loss rises by less; r = 1 - p (arXiv 2406.01375)",
}
UNITS = {"nats": "loss", "percent": "percent", "progress": "progress"}
YARDSTICKS = {"percent": 1.0, "progress": 5.0}  # of --all-criteria
GRID = np.r_[0.0, np.geomspace(1e-3, 0.95, 200)]


@dataclass(frozen=True)
class FixedTokens(Schedule):
  """A schedule of runs that train on as many tokens whatever they inject.

  Attributes:
    total: tokens of all batches.
  """

  total: float = 0.0

  def trained(self, n, d, p):
    """The same total, with the arguments' shape."""
    return self.total + 0.0 * (np.asarray(n) + np.asarray(d) + np.asarray(p))


def advise(source, criterion: str, **asked) -> Report:
  """Answers `forgetting advise --criterion`.

  Args:
    source: as for `answers.advise`.
    criterion: a name of `CRITERIA`.
    asked: as for `answers.advise`; the tolerance is percent or progress for
      the criteria of these names, nats per token for the others.

  Raises:
    InputError: another name, a unit beside it, or a criterion that these runs
      cannot be read by.
  """
  _check(asked)
  if criterion not in CRITERIA:
    raise InputError(
      f"--criterion: found {criterion!r}, expected one of {', '.join(CRITERIA)}"
    )
  if asked.get("unit") not in (None, "loss"):
    raise InputError(
      "--unit: found it beside --criterion, which has its own; leave it out"
    )
  if criterion in UNITS:
    asked["unit"] = UNITS[criterion]
    return _told(criterion, answers.advise(source, **asked))
  made = {"any-source": _any_source, "cmr": _cmr, "dcpt": _dcpt}[criterion]
  return _told(criterion, made(source, asked))


def all_criteria(source, **asked) -> Report:
  """Answers `forgetting advise --all-criteria`: a row a criterion.

  Args:
    source, asked: as for `advise`; percent and progress are asked at 1 % and
      5 %, the others at the tolerance.
  """
  _check(asked)
  header = ["criterion", "tolerance", "inject", "interval", "what is kept"]
  rows, data = [], {}
  for name, meaning in CRITERIA.items():
    tolerance = YARDSTICKS.get(name, asked["tolerance"])
    unit = " %" if name in YARDSTICKS else " nats"
    try:
      told = advise(source, name, **asked | {"tolerance": tolerance}).data
    except InputError as problem:
      rows.append([name, f"{tolerance:g}{unit}", "-", "-", str(problem)])
      data[name] = {"refused": str(problem)}
      continue
    ends = [_shown(told.get(end)) for end in ("low", "high")]
    span = "-" if "low" not in told else f"{ends[0]} to {ends[1]}"
    rows.append(
      [name, f"{tolerance:g}{unit}", _shown(told["injection"]), span, meaning]
    )
    data[name] = told
  return Report("\n".join(text_table.lines([header, *rows], left=5)), data)


def _check(asked: Mapping) -> None:
  """Refuses numbers that cannot be before there is a row for each criterion."""
  names = ("model_params", "target_tokens", "tolerance")
  values: dict[str, Any] = {name: asked.get(name) for name in names}
  check(**values)


def _shown(value) -> str:
  return percent(np.inf if value is None else value)


def _told(criterion: str, report: Report) -> Report:
  injection = report.data["injection"]
  share = None if injection is None else 1 - injection
  return replace(
    report,
    text=f"criterion {criterion}: {CRITERIA[criterion]}\n{report.text}",
    data=report.data | {"criterion": criterion, "domain_ratio": share},
  )


def _any_source(source, asked: Mapping) -> Report:
  """The answer of the source of pretraining text that needs the most."""
  found = {}
  for name, rows in by_source(source).items():
    found[name] = answers.advise(rows, **{**asked, "unit": "loss"})
  needs = {name: _needed(told) for name, told in found.items()}
  most = max(needs, key=lambda name: needs[name])
  lines = [f"  {name}: {percent(p)}" for name, p in needs.items()]
  return Report(
    "\n".join(["by source:", *lines, f"decided by {most}:", found[most].text]),
    found[most].data | {"sources": needs, "source": most},
  )


def _needed(report: Report) -> float:
  injection = report.data["injection"]
  return np.inf if injection is None else float(injection)


def _cmr(source, asked: Mapping) -> Report:
  """The law of planned tokens, with the total held whatever is injected."""
  frame, line, kept = _frame(source, asked)
  fitting = {k: kept[k] for k in ("fixed", "loss", "columns") if k in kept}
  stands = Stands.of(
    frame,
    domain=kept.get("domain"),
    law="tokens",
    epochs=kept.get("epochs"),
    **fitting,
  )
  fitted = stands.only
  assert fitted is not None and fitted.schedule is not None, "it counts tokens"
  known, d = fitted.schedule, kept["target_tokens"]
  fitted.memory["schedule"] = FixedTokens(
    known.levels, None, float(known.planned(d, 0.0))
  )
  advice = ask(
    fitted,
    domain=stands.domain,
    model_params=kept["model_params"],
    target_tokens=d,
    tolerance=kept["tolerance"],
    far=kept.get("far", False),
  )
  data = advice.as_dict()
  r = "none" if np.isinf(advice.injection) else percent(1 - advice.injection)
  text = f"R = {r} of the tokens from the domain\n{advice}"
  return Report(answers.with_line(line, text), data)


def _dcpt(source, asked: Mapping) -> Report:
  """The D-CPT law of both losses, and the lowest target loss it allows."""
  frame, line, kept = _frame(source, asked)
  if "domain" in frame:
    frame = frame[frame["domain"].astype(str) == str(kept.get("domain"))]
  if not len(frame) or not {"planned_tokens", "target_loss"} <= {*frame}:
    raise InputError(
      "dcpt: found no runs of the domain with planned_tokens and target_loss,"
      " expected both: tokens of all batches, and the loss on the domain"
    )
  general, domain = (
    fit(
      dict(
        model_params=frame["model_params"].to_numpy(float),
        tokens=frame["planned_tokens"].to_numpy(float),
        domain_ratio=1 - frame["injection"].to_numpy(float),
        loss=frame[column].to_numpy(float),
      ),
      "dcpt",
    )
    for column in ("pretrain_loss", "target_loss")
  )
  n, d = kept["model_params"], kept["target_tokens"]
  near = (frame["model_params"] / n).map(np.log).abs()
  base = float(frame["base_pretrain_loss"][near == near.min()].mean())
  passes = kept.get("epochs") or _passes(frame, d)
  at = dict(
    N=np.full(len(GRID), float(n)), r=1 - GRID, D=passes * d / (1 - GRID)
  )
  rise = general.losses(general.x[None], at)[0] - base
  target = domain.losses(domain.x[None], at)[0]
  allowed = rise <= kept["tolerance"]
  best = None
  if allowed.any():
    best = float(GRID[np.argmin(np.where(allowed, target, np.inf))])
  text = (
    "no injection keeps it"
    if best is None
    else (
      f"inject {percent(best)}: r = {percent(1 - best)} of the tokens from the"
      f" domain, target loss {target[GRID == best][0]:.4g}"
    )
  )
  text += (
    f" (D-CPT law, mean relative error {general.mean_relative_error:.2%} of"
    f" the general loss, {domain.mean_relative_error:.2%} of the target loss)"
  )
  return Report(answers.with_line(line, text), {"injection": best})


def _passes(frame, d: float) -> float:
  from forgetting.laws.schedule import schedule_of

  return float(schedule_of(frame, at_best=False).epochs(d))


def _frame(source, asked: Mapping):
  """A table's fine-tunings by one method, and what else was asked."""
  from forgetting import records
  from forgetting.laws import table as tables
  from forgetting.laws.law import find

  law = find("forgetting")
  kept = {k: v for k, v in asked.items() if k != "method"}
  loaded, line = records.by_method(tables.load(source), asked.get("method"))
  renamed = tables.rename(loaded, law, kept.pop("columns", None))
  return tables.select(renamed, law), line, kept
