"""The verbs that read studies and tables: laws, decisions, associations."""

import functools
from typing import Annotated, Literal

import tyro

from forgetting.cli import numbers
from forgetting.cli.answers import ROOT, find, named, one_thread, tell
from forgetting.cli.numbers import AnyTolerance
from forgetting.cli.options import (
  Flag,
  Json,
  Root,
  StudyOrMatrix,
  StudyOrTable,
)
from forgetting.config import InputError
from forgetting.config.study_file import load_study


def fit(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  law: str | None = None,
  compare: Flag = False,
  by: str | None = None,
  loss: Literal["huber", "l1", "squares"] | None = None,
  fix: str = "",
  columns: str = "",
  method: str | None = None,
  net: Flag = False,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Fit scaling laws: by default both laws of fine-tuning, by domain.

  Example: forgetting fit quickstart

  Args:
    law: Which law: `forgetting`, `target`, `chinchilla`, ...
    compare: Compare the laws that the table allows instead.
    by: Fit each value of this column by itself.
    loss: Of a log residual; by default the law's own.
    fix: Parameters held at values, of one law: `alpha=0,c=0.5`.
    columns: Other names of columns: `loss=val_loss,N=params`.
    method: Fine-tunings by this one (column `method`); by default full ones.
    net: Take off what a control on the replayed text alone has learnt.
  """
  if fix and law is None:
    raise InputError(
      f"--fix: found {fix!r} without --law, expected the law whose parameters"
      " these are"
    )
  if compare and law is not None:
    raise InputError(
      f"--law: found {law} with --compare, expected one of them: --compare"
      " tries every law"
    )
  if compare and net:
    raise InputError("--net: found --compare beside it, expected one of them")
  answers = laws()
  names = columns_of(columns)
  if compare:
    from forgetting.laws import answers_compare

    return answer(
      answers_compare.compare(
        find(table, root), by=by, columns=names, method=method
      ),
      json,
    )
  from forgetting.laws import arguments

  asked = dict(
    law=law,
    by=by,
    columns=names,
    loss=loss,
    fixed=arguments.parse_fixed(fix),
    method=method,
    net=net,
  )
  return answer(answers.fit(find(table, root), **asked), json)


def predict(
  fitted: tyro.conf.Positional[
    Annotated[
      str,
      tyro.conf.arg(
        metavar="FIT", help="A fit's JSON file, a study or a table."
      ),
    ]
  ],
  rows: tyro.conf.Positional[
    Annotated[
      str,
      tyro.conf.arg(
        metavar="ROWS",
        help="CSV: domain, model_params, target_tokens, injection,"
        " base_pretrain_loss.",
      ),
    ]
  ],
  *,
  law: str | None = None,
  level: float = 0.95,
  columns: str = "",
  method: str | None = None,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Predict losses, with intervals, for the rows of a table.

  Example: forgetting predict fit.json planned.csv

  Args:
    law: Which one of a fit's file, or to fit to a table; by default
      `forgetting`.
    level: Of the intervals.
    columns: Other names of columns, in ROWS or where FIT is a table.
    method: Fine-tunings by this one, where FIT is a table.
  """
  answers = laws()
  asked = dict(law=law, level=level, columns=columns_of(columns), method=method)
  found = answers.predict(find(fitted, root), named(rows), **asked)
  return answer(found, json)


def plan(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  model_params: float,
  target_tokens: float,
  budget: float | None = None,
  interval: float | None = None,
  tolerance: AnyTolerance = None,
  injection: float = 0.0,
  domain: str | None = None,
  epochs: float = 10.0,
  guess: str = "",
  columns: str = "",
  method: str | None = None,
  out: str | None = None,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Tell which runs to add so that one answer becomes sharper.

  With --interval: the runs that identify a law, then the fewest FLOPs after
  which the injection that keeps --tolerance is known within that factor. With
  --budget: which runs sharpen a predicted loss most for so many FLOPs.

  Examples: forgetting plan configs/quickstart.py --interval 1.5 --tolerance
  0.25 --model-params 1.5e5 --target-tokens 1e4 --out few.py; forgetting plan
  quickstart --domain kjv --budget 1e13 --model-params 1e7 --target-tokens 1e6

  For a study that has no runs yet give its file: its runs are the candidates.

  Args:
    model_params: Of the answer that matters.
    target_tokens: Of the answer that matters.
    budget: Training FLOPs to spend on the new runs.
    interval: The factor, either way, by which the injection may be off.
    tolerance: Of forgetting, nats a token, with --interval.
    injection: Of the predicted loss, with --budget.
    domain: The target domain, where there are several; of a study file by
      default the first.
    epochs: Passes over the target tokens that a run costs, with --budget.
    guess: For a study without runs, what to expect of it:
      `forgetting=0.5,B=1000,alpha=0.5,beta=0.4` (forgetting in nats, of the
      smallest model at the most target tokens); with --interval of the law of
      tokens, with c beside them.
    columns: Other names of a table's columns: `loss=val_loss,N=params`.
    method: Fine-tunings by this one (column `method`); by default full ones.
    out: A study file to write, of the planned runs; of a study that has runs
      those as well.
  """
  from forgetting.cli import planning

  laws()
  asked = planning.Asked(
    table=table,
    root=root,
    study=load_study(table) if table.endswith(".py") else None,
    source=None if table.endswith(".py") else find(table, root),
    point=dict(model_params=model_params, target_tokens=target_tokens),
    budget=budget,
    interval=interval,
    tolerance=(
      None if tolerance is None else numbers.tolerance(tolerance, "loss")
    ),
    injection=injection,
    domain=domain,
    epochs=epochs,
    guess=guess,
    columns=columns_of(columns),
    method=method,
    out=out,
  )
  return answer(planning.answer(asked), json)


def associate(
  matrix: tyro.conf.Positional[StudyOrMatrix],
  *,
  train_rows: str = "",
  test_rows: str = "",
  known: int = 30,
  seeds: int = 10,
  choose: Literal["random", "variance", "greedy", "mixed"] = "random",
  peers: Flag = False,
  gradients: Flag = False,
  embeddings: Flag = False,
  forecasters: Annotated[str | None, tyro.conf.arg(metavar="ENCODER")] = None,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Tell which examples which task forgets, and predict it for new tasks.

  Example: forgetting associate quickstart

  Args:
    train_rows: Tasks that are known, as in 0,1,4-9; by default the others.
    test_rows: Tasks to predict; by default a fifth of them, by chance.
    known: Examples measured of a new task.
    seeds: Trials, each with other examples.
    choose: How these examples are chosen.
    peers: Try the authors' matrix factorisation too, and with --forecasters
      parent the trainable logit where models are kept: minutes.
    gradients: Hold forgetting against gradients of the base model too.
    embeddings: And against sentence embeddings, which are fetched at first use.
    forecasters: Try language models too that forecast from text alone, on
      frozen states of ENCODER: parent, the study's own, or a checkpoint.
  """
  one_thread()
  from forgetting.associations import similarity, verbs
  from forgetting.report import matrix as figures
  from forgetting.runs import matrix_texts

  rows = dict(train_rows=train_rows, test_rows=test_rows)
  trial = dict(known=known, seeds=seeds, choose=choose, peers=peers)
  beside = dict(with_texts=matrix_texts.attach)
  if gradients:
    from forgetting.runs import matrix_gradients

    beside["gradients"] = matrix_gradients.products
  if embeddings:
    beside["embed"] = similarity.sentence_embeddings
  if forecasters is not None:
    from forgetting.runs import matrix_states

    beside["encode"] = functools.partial(
      matrix_states.encode, encoder=forecasters, tokens=peers
    )
  found = verbs.associate(find(matrix, root), **rows, **trial, **beside)
  drawn = figures.draw(found.matrix, found.structure, found.folder)
  answer(found, json)
  if json != "-":
    print(drawn)
  return 0


def laws():
  """The laws' verbs, in a process that keeps the memory it has freed."""
  one_thread()
  from forgetting.cost.memory import keep_freed_memory
  from forgetting.laws import answers

  keep_freed_memory()
  return answers


def columns_of(text: str) -> dict[str, str]:
  """Reads --columns: our names -> the table's."""
  from forgetting.laws import arguments

  return arguments.parse_columns(text)


def answer(report, file: str | None) -> int:
  """Tells a report, and writes it where --json says; the exit code."""
  tell(report.text, report.data, json=file)
  return 0
