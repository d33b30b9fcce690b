"""The verbs that read studies and tables: laws, decisions, associations."""

import os
from typing import Annotated, Literal

import tyro

from forgetting.cli import numbers
from forgetting.cli.answers import find, tell
from forgetting.cli.numbers import Tolerance
from forgetting.cli.options import Flag, Json, StudyOrMatrix, StudyOrTable
from forgetting.config import InputError
from forgetting.config.study_file import load_study


def fit(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  law: str | None = None,
  compare: Flag = False,
  by: str | None = None,
  loss: Literal["huber", "l1", "squares"] = "huber",
  fix: str = "",
  columns: str = "",
  method: str | None = None,
  json: Json = None,
) -> int:
  """Fit scaling laws: by default both laws of fine-tuning, by domain.

  Example: forgetting fit quickstart

  Args:
    law: Which law: `forgetting`, `target`, `chinchilla`, ...
    compare: Compare the laws that the table allows instead.
    by: Fit each value of this column by itself.
    loss: Of a log residual.
    fix: Parameters held at values, of one law: `alpha=0,c=0.5`.
    columns: Other names of columns: `loss=val_loss,N=params`.
    method: Fine-tunings by this method, a word of the column `method`; by
      default the full ones.
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
  answers = _laws()
  names = _columns(columns)
  if compare:
    from forgetting.laws import answers_compare

    return _answer(
      answers_compare.compare(find(table), by=by, columns=names, method=method),
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
  )
  return _answer(answers.fit(find(table), **asked), json)


def predict(
  fitted: tyro.conf.Positional[
    Annotated[
      str, tyro.conf.arg(metavar="FIT", help="A fit's JSON file, or a table.")
    ]
  ],
  rows: tyro.conf.Positional[
    Annotated[
      str,
      tyro.conf.arg(
        metavar="ROWS",
        help="CSV with the law's variables: domain, model_params,"
        " target_tokens, injection, base_pretrain_loss.",
      ),
    ]
  ],
  *,
  law: str = "forgetting",
  level: float = 0.95,
  columns: str = "",
  method: str | None = None,
  json: Json = None,
) -> int:
  """Predict losses, with intervals, for the rows of a table.

  Example: forgetting predict fit.json planned.csv

  Args:
    law: Which law: of a fit's file that has several, or to fit to a table.
    level: Of the intervals.
    columns: Other names of columns, where FIT is a table.
    method: Fine-tunings by this method, where FIT is a table; by default the
      full ones.
  """
  answers = _laws()
  asked = dict(law=law, level=level, columns=_columns(columns), method=method)
  return _answer(answers.predict(find(fitted), rows, **asked), json)


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
  over: str = "",
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
    unit: Nats per token of the pretraining loss, percent of it, or percent of
      the progress that pretraining had made.
    curve: Table of the pretraining, columns step and pretrain_loss; a study
      has its own.
    budget: FLOPs of one fine-tuning: tells as well which model size and
      injection to spend them on.
    epochs: Passes over the target tokens that are planned; by default those of
      the table's runs.
    law: Which form of the forgetting law answers: `tokens`, `forgetting`, ...;
      by default the one that missed least when tried at such a distance.
    loss: Of a log residual, when fitting.
    fix: Parameters held at values: `alpha=0,c=0.5`.
    far: Answer even where the question is 30 times outside the data.
    columns: Other names of columns: `pretrain_loss=val_loss,N=params`.
    method: Fine-tunings by this method, a word of the column `method`; by
      default the full ones.
    over: Choose more than injection, of a study that tried it: some of
      `injection,lr,rank`. Tells the cheapest combination that keeps TOLERANCE
      at the target loss of plain fine-tuning, in a cell that was run.
  """
  answers = _laws()
  from forgetting.laws import arguments

  if over:
    left = dict(unit=unit != "loss", curve=curve, budget=budget, epochs=epochs)
    left |= dict(law=law, loss=loss != "huber", fix=fix, far=far)
    left |= dict(columns=columns, method=method)
    return _over(
      table,
      over,
      json,
      left=[name for name, given in left.items() if given],
      domain=domain,
      model_params=model_params,
      target_tokens=target_tokens,
      tolerance=tolerance,
    )

  asked = dict(
    domain=domain,
    model_params=model_params,
    target_tokens=target_tokens,
    tolerance=numbers.tolerance(tolerance, unit),
    unit=unit,
    curve=curve,
    flops=budget,
    epochs=epochs,
    law=law,
    loss=loss,
    fixed=arguments.parse_fixed(fix),
    far=far,
    columns=_columns(columns),
    method=method,
  )
  return _answer(answers.advise(find(table), **asked), json)


def plan(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  model_params: float,
  target_tokens: float,
  budget: float | None = None,
  interval: float | None = None,
  tolerance: float | None = None,
  injection: float = 0.0,
  domain: str | None = None,
  epochs: float = 10.0,
  guess: str = "",
  columns: str = "",
  method: str | None = None,
  out: str | None = None,
  json: Json = None,
) -> int:
  """Tell which runs to add so that one answer becomes sharper.

  With --interval: the fewest FLOPs after which the injection that keeps
  --tolerance is known within that factor. With --budget: which runs sharpen a
  predicted loss most for so many FLOPs.

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
    method: Fine-tunings by this method, a word of the column `method`; by
      default the full ones.
    out: Write the runs that a study file's plan takes as a study file, with
      --interval.
  """
  from forgetting.cli import planning

  _laws()
  asked = planning.Asked(
    table=table,
    study=load_study(table) if table.endswith(".py") else None,
    source=None if table.endswith(".py") else find(table),
    point=dict(model_params=model_params, target_tokens=target_tokens),
    budget=budget,
    interval=interval,
    tolerance=tolerance,
    injection=injection,
    domain=domain,
    epochs=epochs,
    guess=guess,
    columns=_columns(columns),
    method=method,
    out=out,
  )
  return _answer(planning.answer(asked), json)


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
    peers: Try the authors' matrix factorisation too: minutes.
    gradients: Hold forgetting against gradients of the base model too.
    embeddings: And against sentence embeddings, which are fetched at first use.
  """
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
  found = verbs.associate(find(matrix), **rows, **trial, **beside)
  drawn = figures.draw(found.matrix, found.structure, found.folder)
  _answer(found, json)
  if json != "-":
    print(drawn)
  return 0


def _over(table: str, over: str, json: str | None, *, left, **asked) -> int:
  """Answers `advise --over`, which has no use for the options `left`."""
  if left:
    raise InputError(
      f"--{left[0]}: found it with --over, expected it without; leave it out"
    )
  from forgetting import records
  from forgetting.laws import answers_combination

  names = [name.strip() for name in over.split(",")]
  curves = records.curves(find(table))
  return _answer(
    answers_combination.advise_over(curves, over=names, **asked), json
  )


def _laws():
  """The laws' verbs, in a process that keeps the memory it has freed."""
  # Before numpy: threads cost more than they bring on such small matrices.
  os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
  from forgetting.cost.memory import keep_freed_memory
  from forgetting.laws import answers

  keep_freed_memory()
  return answers


def _columns(text: str) -> dict[str, str]:
  from forgetting.laws import arguments

  return arguments.parse_columns(text)


def _answer(report, file: str | None) -> int:
  tell(report.text, report.data, json=file)
  return 0
