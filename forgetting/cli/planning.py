"""The verb plan: which question is asked, and the study file that it gives."""

from collections.abc import Mapping
import dataclasses
import os
import pathlib
import pprint
from typing import Any

from forgetting.config import InputError, Study
from forgetting.laws import answers_plan
from forgetting.laws.answers import Report
from forgetting.storage import places

FILE = '''"""The runs of {config} that `forgetting plan` chose.

{told}
"""

import dataclasses
import pathlib

from forgetting.config.study_file import load_study

CONFIG = pathlib.Path(__file__).parent / {path!r}
DOMAIN = {domain!r}
SEEDS = {{  # of (model params, target tokens, injection)
{seeds}
}}


def study():
  whole = load_study(str(CONFIG))
  runs = [
    dataclasses.replace(run, seed=seed)
    for run in whole.runs
    if run.domain == DOMAIN
    for seed in range(SEEDS.get(key(run), 0))
  ]
  return dataclasses.replace(whole, runs=tuple(runs))


def key(run):
  return run.model.model_params, run.target_tokens, run.injection
'''


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
  """What the command line says; see `analysis.plan`.

  Attributes:
    table: as it was named.
    study, source: of a study file; of anything else.
    point: model_params and target_tokens.
  """

  table: str
  study: Study | None
  source: os.PathLike | str | None
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
  """Answers whichever of the two questions is asked.

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
  if asked.interval is not None:
    return _interval(asked)
  for name in ("tolerance", "out"):
    if getattr(asked, name) is not None:
      raise InputError(f"--{name}: found with --budget, goes with --interval")
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
    if asked.out is not None:
      raise InputError(
        f"--out: found with {asked.table}, goes with a study file (.py), whose"
        " runs it is to have"
      )
    return answers_plan.plan_injection(
      asked.source, **_of_table(asked), **options
    )
  guess = answers_plan.parse_guess(asked.guess, answers_plan.GUESS_TOKENS)
  report = answers_plan.plan_new_injection(
    asked.study, domain=asked.domain, guess=guess, **options
  )
  if asked.out is None:
    return report
  _write(asked, report)
  text = f"{report.text}\nwrote {asked.out}: forgetting study {asked.out}"
  return dataclasses.replace(report, text=text)


def _of_table(asked: Asked) -> dict:
  return dict(domain=asked.domain, columns=asked.columns, method=asked.method)


def _write(asked: Asked, report: Report) -> None:
  """A study file of the runs chosen, under the names that they have."""
  out, config = pathlib.Path(asked.out or ""), pathlib.Path(asked.table)
  if out.suffix != ".py":
    raise InputError(f"--out {out}: expected a name that ends in .py")
  assert report.table is not None
  rows: Any = report.table
  seeds = {
    (int(r.model_params), int(r.target_tokens), float(r.injection)): int(
      r.seeds
    )
    for r in rows.itertuples()
  }
  inner = pprint.pformat(seeds, sort_dicts=False, width=74)[1:-1]
  text = FILE.format(
    config=config.name,
    told=report.text.split("\n")[0],
    path=os.path.relpath(config.resolve(), out.resolve().parent),
    domain=report.data["domain"],
    seeds="\n".join(f"  {line.strip()}" for line in inner.split("\n")) + ",",
  )
  places.write(out, text.encode())
