"""The verb that decides: how much to inject, and what to type for it."""

import dataclasses
import math
from typing import Annotated, Literal

import tyro

from forgetting.cli import numbers
from forgetting.cli.analysis import answer, columns_of, laws
from forgetting.cli.answers import ROOT, find
from forgetting.cli.numbers import Tolerance
from forgetting.cli.options import (
  Flag,
  Json,
  Root,
  StudyOrTable,
  given,
  refuse_others,
)
from forgetting.config import InputError

# criteria whose tolerance is no number of nats
OWN_UNIT = {"percent": "percent", "progress": "progress"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mixed:
  """What the fields of a trainer need to be known of the rows it mixes.

  Attributes:
    row_tokens: Mean tokens of a row, of target and of general text: 800,1200.
    general_rows: Rows that the general text has.
    target_text: Target text to count instead: a path, a.jsonl:field, hf:org/a.
    general_text: General text, the same.
    tokenizer: To count with: model:FOLDER or a tokenizer.json.
    row_context: Tokens that the trainer cuts a row to, to count with.
  """

  row_tokens: str = ""
  general_rows: int | None = None
  target_text: str = ""
  general_text: str = ""
  tokenizer: str = "bytes"
  row_context: int | None = None

  def measured(self) -> tuple[tuple[float, float] | None, int | None]:
    """Mean tokens of a row of either text, and rows of the general one.

    Raises:
      InputError: numbers that are none, or one text without the other.
    """
    texts = self.target_text, self.general_text
    if any(texts) and not all(texts):
      raise InputError(
        "--target-text, --general-text: found one, expected both or"
        " --row-tokens"
      )
    if all(texts) and self.row_tokens:
      raise InputError(
        "--row-tokens: found it beside --target-text, expected one of them"
      )
    if not any(texts):
      return self._told(), self.general_rows
    from forgetting.data import rows

    asked = dict(tokenizer=self.tokenizer, context=self.row_context)
    target, general = (rows.measure(text, **asked) for text in texts)
    counted = self.general_rows or general.count
    return (target.tokens, general.tokens), counted

  def _told(self) -> tuple[float, float] | None:
    if not self.row_tokens:
      return None
    try:
      target, general = map(float, self.row_tokens.split(","))
    except ValueError:
      raise InputError(
        f"--row-tokens: found {self.row_tokens!r}, expected two means as in"
        " 800,1200: of target text, of general text"
      ) from None
    return target, general


def advise(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  domain: str,
  model_params: float,
  target_tokens: float,
  tolerance: Tolerance,
  unit: Literal["loss", "percent", "progress"] = "loss",
  curve: str | None = None,
  budget: float | None = None,
  epochs: float | None = None,
  law: str | None = None,
  loss: Literal["huber", "l1", "squares"] = "huber",
  fix: str = "",
  far: Flag = False,
  columns: str = "",
  method: str | None = None,
  net: Flag = False,
  replay_source: str = "",
  over: str = "",
  criterion: str | None = None,
  all_criteria: Flag = False,
  trainer: Annotated[str | None, tyro.conf.arg(name="for")] = None,
  mixed: tyro.conf.OmitArgPrefixes[Mixed] = Mixed(),
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Tell the injection that keeps forgetting under a tolerance.

  Example: forgetting advise quickstart --domain kjv --model-params 4e5
  --target-tokens 5e4 --tolerance 0.05

  Args:
    domain: The target domain.
    model_params: Non-embedding parameters.
    target_tokens: Unique tokens of the target domain.
    tolerance: Forgetting allowed, in UNIT.
    unit: Nats a token, percent of the loss, or of progress.
    curve: Table of the pretraining (step, pretrain_loss), where no study is.
    budget: FLOPs of one fine-tuning: which model size to spend them on, too.
    epochs: Passes over the target tokens; by default those of the runs.
    law: Which form answers, as `tokens`; by default what missed least in trial.
    loss: Of a log residual, when fitting.
    fix: Parameters held at values: `alpha=0,c=0.5`.
    far: Answer even where the question is 30 times outside the data.
    columns: Other names of columns: `pretrain_loss=val_loss,N=params`.
    method: Fine-tunings by this one (column `method`); by default full ones.
    net: Take off what a control on the replayed text alone has learnt.
    replay_source: For other sources (column `replay_source`): A,B or A=1,B=3.
    over: Choose among what was run of `injection,lr,rank`, at one target loss.
    criterion: nats, percent, progress (as --unit), any-source, cmr or dcpt.
    all_criteria: Answer by all of them, as a table.
    trainer: Also as fields of axolotl, llamafactory, trl, torchtune, nemo,
      marin or litgpt.
  """
  refuse_others(
    given(mixed),
    given(mixed) if trainer else (),
    found="no --for",
    where=dict.fromkeys(given(mixed), "--for"),
  )
  if all_criteria and (criterion or trainer):
    raise InputError(
      "--all-criteria: found it beside --criterion or --for, expected it alone:"
      " it has many answers"
    )
  answers = laws()
  from forgetting.laws import arguments

  if over:
    left = dict(unit=unit != "loss", curve=curve, budget=budget, epochs=epochs)
    left |= dict(law=law, loss=loss != "huber", fix=fix, far=far)
    left |= dict(columns=columns, method=method, criterion=criterion)
    left |= {"all-criteria": all_criteria, "for": trainer}
    left |= {"replay-source": replay_source, "net": net}
    return _over(
      find(table, root),
      over,
      json,
      left=[name for name, given in left.items() if given],
      domain=domain,
      model_params=model_params,
      target_tokens=target_tokens,
      tolerance=numbers.tolerance(tolerance, "loss"),
    )

  asked = dict(
    domain=domain,
    model_params=model_params,
    target_tokens=target_tokens,
    tolerance=numbers.tolerance(tolerance, OWN_UNIT.get(criterion, unit)),
    unit=unit,
    curve=curve,
    flops=budget,
    epochs=epochs,
    law=law,
    loss=loss,
    fixed=arguments.parse_fixed(fix),
    far=far,
    columns=columns_of(columns),
    method=method,
  )
  if net:
    if replay_source or criterion or all_criteria:
      raise InputError(
        "--net: found it beside --replay-source, --criterion or --all-criteria,"
        " expected it without"
      )
    asked["net"] = True
  if replay_source:
    if criterion or all_criteria:
      raise InputError(
        "--replay-source: found it beside --criterion or --all-criteria,"
        " expected it without"
      )
    from forgetting.laws import answers_sources

    asked["replay_source"] = replay_source
    answers = answers_sources
  found = _answered(answers, find(table, root), criterion, all_criteria, asked)
  return answer(
    _as_recipe(found, trainer, mixed, asked) if trainer else found, json
  )


def _over(source, over: str, json: str | None, *, left, **asked) -> int:
  """Answers `advise --over`, which has no use for the options `left`."""
  if left:
    raise InputError(
      f"--{left[0]}: found it with --over, expected it without; leave it out"
    )
  from forgetting import records
  from forgetting.laws import answers_combination

  names = [name.strip() for name in over.split(",")]
  curves = records.curves(source)
  return answer(
    answers_combination.advise_over(curves, over=names, **asked), json
  )


def _answered(answers, source, criterion, all_criteria: bool, asked: dict):
  if not (criterion or all_criteria):
    return answers.advise(source, **asked)
  from forgetting.laws import answers_criteria

  if all_criteria:
    return answers_criteria.all_criteria(source, **asked)
  return answers_criteria.advise(source, criterion, **asked)


def _as_recipe(found, trainer: str, mixed: Mixed, asked: dict):
  """A report of `advise` with the fields of a trainer below it."""
  from forgetting.laws import trainers
  from forgetting.laws.trainers_mix import Mix

  told = {"target_tokens": asked["target_tokens"], "passes": 1} | found.data
  injection = told["injection"]
  row_tokens, general_rows = mixed.measured()
  mix = Mix(
    injection=math.inf if injection is None else injection,
    target_tokens=told["target_tokens"],
    passes=max(1, round(told["passes"])),
    row_tokens=row_tokens,
    general_rows=general_rows,
  )
  made = trainers.recipe(trainer, mix)
  return dataclasses.replace(
    found,
    text=f"{found.text}\n\n{made}",
    data=found.data | {"recipe": made.as_dict()},
  )
