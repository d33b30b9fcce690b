"""The verb plan: which question is asked, and what is written."""

from collections.abc import Mapping
import dataclasses
import pathlib
from typing import Any

from forgetting.cli import planned_study
from forgetting.cli.answers import ROOT
from forgetting.config import InputError, Study
from forgetting.config.method import FULL
from forgetting.laws import answers_plan
from forgetting.laws.answers import Report
from forgetting.laws.trained import EPOCHS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
  """What the command line says; see `analysis.plan`.

  Attributes:
    table: as it was named.
    root: where a study that is named is.
    study, source: of a study file; of anything else.
    point: model_params and target_tokens.
  """

  table: str
  root: str
  study: Study | None
  source: pathlib.Path | None
  point: dict[str, float]
  budget: float | None
  interval: float | None
  tolerance: float | None
  injection: float
  domain: str | None
  epochs: float
  guess: str
  columns: Mapping[str, str]
  method: str | None
  out: str | None


def answer(asked: Asked) -> Report:
  """Answers whichever of the two questions is asked, and writes the study.

  Raises:
    InputError: both, neither, or options of the other; and as the answers.
  """
  if (asked.budget is None) == (asked.interval is None):
    raise InputError(
      "plan: found {}, expected one of --interval (how closely an injection is"
      " to be known) and --budget (FLOPs to spend on a predicted loss)".format(
        "neither" if asked.budget is None else "both"
      )
    )
  _refuse_idle(asked)
  report = _budget(asked) if asked.interval is None else _interval(asked)
  if asked.out is None:
    return report
  if len(report.table):
    told = _written(asked, asked.out, report)
  else:
    told = f"wrote nothing to {asked.out}: there is no run to do"
  return dataclasses.replace(report, text=f"{report.text}\n{told}")


def _refuse_idle(asked: Asked) -> None:
  """Refuses what this question, or this kind of study, has no use for.

  Raises:
    InputError: there is such an option; the line says what it goes with.
  """
  runs, file = "a study that has runs", asked.study is not None
  interval, out = asked.interval is not None, asked.out is not None
  question = "--interval" if interval else "--budget"
  none = file and not out
  options = (
    ("tolerance", asked.tolerance is not None, interval, "--interval"),
    ("injection", asked.injection, not interval, "--budget"),
    ("epochs", asked.epochs != EPOCHS, not interval, "--budget"),
    ("guess", asked.guess, file, "the file of a study that has no runs"),
    ("root", asked.root != ROOT, not file, runs),
    ("columns", asked.columns, not file, runs),
    ("method", asked.method, not none, f"{runs}, or --out"),
    ("domain", asked.domain, interval or not none, f"{runs}, or --out"),
  )
  for name, given, used, where in options:
    if given and not used:
      found = question if where in ("--interval", "--budget") else asked.table
      raise InputError(
        f"--{name}: found with {found}, goes with {where}; leave it out"
      )


def _budget(asked: Asked) -> Report:
  options = dict(
    budget=asked.budget,
    injection=asked.injection,
    epochs=asked.epochs,
    **asked.point,
  )
  if asked.study is not None:
    guess = answers_plan.parse_guess(asked.guess)
    return answers_plan.plan_new(asked.study, guess=guess, **options)
  return answers_plan.plan(asked.source, **_of_table(asked), **options)


def _interval(asked: Asked) -> Report:
  if asked.tolerance is None:
    raise InputError(
      "--tolerance: found none, --interval needs one: nats of forgetting that"
      " the injection is to keep"
    )
  options: dict[str, Any] = dict(
    tolerance=asked.tolerance, interval=asked.interval, **asked.point
  )
  if asked.study is None:
    return answers_plan.plan_injection(
      asked.source, **_of_table(asked), **options
    )
  guess = answers_plan.parse_guess(asked.guess, answers_plan.GUESS_TOKENS)
  return answers_plan.plan_new_injection(
    asked.study, domain=asked.domain, guess=guess, **options
  )


def _of_table(asked: Asked) -> dict:
  return dict(domain=asked.domain, columns=asked.columns, method=asked.method)


def _written(asked: Asked, out: str, report: Report) -> str:
  """Writes the study file; a line that tells what to do with it."""
  options = dict(out=out, domain=asked.domain, method=asked.method or FULL.word)
  if asked.study is not None:
    new = planned_study.of_file(report, asked.study, asked.table, **options)
    return f"wrote {out}, {new} runs: forgetting study {out}"
  new = planned_study.of_folder(report, asked.source, **options)
  there = asked.source.parent
  root = "" if there == pathlib.Path(ROOT) else f" --root {there}"
  return f"wrote {out}, {new} runs to add: forgetting study {out}{root}"
