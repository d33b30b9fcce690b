"""The command `forgetting`: each verb imports only what it needs."""

import json
import os
import pathlib
import sys
from typing import Annotated, Literal

import tyro

from forgetting.config import InputError
from forgetting.study_file import load_study

app = tyro.extras.SubcommandApp()

Config = Annotated[
  str, tyro.conf.arg(metavar="CONFIG", help="Python file with study() in it.")
]
StudyOrTable = Annotated[
  str,
  tyro.conf.arg(
    metavar="STUDY",
    help="A study: its folder or its name under runs/; or a CSV or parquet"
    " table with a row a run.",
  ),
]
StudyOrMatrix = Annotated[
  str, tyro.conf.arg(metavar="STUDY|MATRIX", help="A study, npz, CSV, parquet.")
]
Json = Annotated[
  str | None, tyro.conf.arg(metavar="FILE", help="Write the answer here too.")
]


@app.command
def study(
  config: tyro.conf.Positional[Config],
  *,
  domain: tuple[str, ...] = (),
  pretraining: tuple[str, ...] = (),
  root: str = "runs",
  workers: int | None = None,
  save_every: int | None = None,
  dry_run: tyro.conf.FlagCreatePairsOff[bool] = False,
  chip: str = "h200",
  devices: int = 1,
  mfu: float | None = None,
) -> int:
  """Do every run of a study that has no result yet, then write its page.

  Example: forgetting study configs/quickstart.py

  Args:
    domain: Target domains in place of the config's: names of the catalogue, or
      folders, globs and files of your own: .txt, path.jsonl:field, .parquet,
      path.jsonl:prompt->response for instructions.
    pretraining: Pretraining sources in place of the config's: the same, or a
      set of the catalogue as `mix`.
    root: Results go to ROOT/STUDY.
    workers: Processes; one a core by default.
    save_every: Steps between the checkpoints of a run; by default a run is
      saved when it ends or is stopped.
    dry_run: Do nothing; tell runs, tokens, FLOPs, memory and hours.
    chip: Of a dry run: h200, h100, a100, rtx4090, v4, v5e, cpu, ...
    devices: Of a dry run: how many; of cpu, cores.
    mfu: Of a dry run: the part of the chip's peak that training reaches.
  """
  plan = load_study(config, domains=domain, pretraining=pretraining)
  if dry_run:
    from forgetting import dry_run as dry_run_lib

    print(dry_run_lib.tell(plan, chip=chip, devices=devices, mfu=mfu))
    return 0
  from forgetting import study as study_lib

  try:
    summary = study_lib.do_study(
      plan, root=root, workers=workers, save_every=save_every
    )
  except study_lib.Stopped:
    _say("stopped; what is done is kept: the same command goes on from here")
    return 75
  print(summary)
  _write_page(pathlib.Path(root) / plan.name, tolerance=plan.tolerance)
  for line in summary.failed.values():
    _say(line)
  return 1 if summary.failed else 0


@app.command
def fit(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  law: str | None = None,
  compare: tyro.conf.FlagCreatePairsOff[bool] = False,
  by: str | None = None,
  columns: str = "",
  json: Json = None,
) -> int:
  """Fit scaling laws: by default both laws of fine-tuning, by domain.

  Example: forgetting fit quickstart

  Args:
    law: Which law: `forgetting`, `target`, `chinchilla`, ...
    compare: Compare the laws that the table allows instead.
    by: Fit each value of this column by itself.
    columns: Other names of columns: `loss=val_loss,N=params`.
  """
  verbs = _laws()
  names = verbs.parse_columns(columns)
  if compare:
    return _answer(verbs.compare(_find(table), by=by, columns=names), json)
  return _answer(verbs.fit(_find(table), law=law, by=by, columns=names), json)


@app.command
def predict(
  fitted: tyro.conf.Positional[
    Annotated[
      str, tyro.conf.arg(metavar="FIT", help="A fit's JSON file, or a table.")
    ]
  ],
  rows: tyro.conf.Positional[
    Annotated[
      str, tyro.conf.arg(metavar="ROWS", help="CSV with the law's variables.")
    ]
  ],
  *,
  law: str = "forgetting",
  level: float = 0.95,
  columns: str = "",
  json: Json = None,
) -> int:
  """Predict losses, with intervals, for the rows of a table.

  Example: forgetting predict fit.json planned.csv

  Args:
    law: Which law is fitted first where FIT is a table.
    level: Of the intervals.
    columns: Other names of columns, where FIT is a table.
  """
  verbs = _laws()
  asked = dict(law=law, level=level, columns=verbs.parse_columns(columns))
  return _answer(verbs.predict(_find(fitted), rows, **asked), json)


@app.command
def advise(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  domain: str,
  model_params: float,
  target_tokens: float,
  tolerance: float,
  unit: Literal["loss", "percent", "progress"] = "loss",
  curve: str | None = None,
  budget: float | None = None,
  epochs: float = 10.0,
  columns: str = "",
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
    epochs: Passes over the target tokens that the budget pays for.
    columns: Other names of columns: `pretrain_loss=val_loss,N=params`.
  """
  verbs = _laws()
  asked = dict(
    domain=domain,
    model_params=model_params,
    target_tokens=target_tokens,
    tolerance=tolerance,
    unit=unit,
    curve=curve,
    flops=budget,
    epochs=epochs,
    columns=verbs.parse_columns(columns),
  )
  return _answer(verbs.advise(_find(table), **asked), json)


@app.command
def plan(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  budget: float,
  model_params: float,
  target_tokens: float,
  injection: float = 0.0,
  domain: str | None = None,
  epochs: float = 10.0,
  guess: str = "",
  json: Json = None,
) -> int:
  """Tell which runs to add so that one prediction becomes sharper.

  Example: forgetting plan quickstart --domain kjv --budget 1e13
  --model-params 1e7 --target-tokens 1e6

  For a study that has no runs yet give its file, as in
  forgetting plan configs/quickstart.py: its levels are the candidates.

  Args:
    budget: Training FLOPs to spend on the new runs.
    model_params: Of the prediction that matters.
    target_tokens: Of the prediction that matters.
    injection: Of the prediction that matters.
    domain: The target domain, where the table has several.
    epochs: Passes over the target tokens that a run costs.
    guess: For a study without runs, what to expect of it:
      `forgetting=0.5,B=1000,alpha=0.5,beta=0.4` (forgetting in nats, of the
      smallest model at the most target tokens).
  """
  from forgetting.laws import verbs_plan

  _laws()
  asked = dict(
    budget=budget,
    model_params=model_params,
    target_tokens=target_tokens,
    injection=injection,
    epochs=epochs,
  )
  if table.endswith(".py"):
    asked["guess"] = verbs_plan.parse_guess(guess)
    return _answer(verbs_plan.plan_new(load_study(table), **asked), json)
  return _answer(verbs_plan.plan(_find(table), domain=domain, **asked), json)


@app.command
def report(
  table: tyro.conf.Positional[StudyOrTable], *, tolerance: float = 0.05
) -> int:
  """Write the page of a study, done or half done, or of a table.

  Example: forgetting report quickstart

  Args:
    tolerance: Forgetting that the page's advice allows, nats per token.
  """
  _write_page(_find(table), tolerance=tolerance)
  return 0


@app.command
def associate(
  matrix: tyro.conf.Positional[StudyOrMatrix],
  *,
  train_rows: str = "",
  test_rows: str = "",
  known: int = 30,
  seeds: int = 10,
  choose: Literal["random", "variance", "greedy", "mixed"] = "random",
  peers: tyro.conf.FlagCreatePairsOff[bool] = False,
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
  """
  from forgetting import study_texts
  from forgetting.associations import verbs
  from forgetting.report import matrix as figures

  rows = dict(train_rows=train_rows, test_rows=test_rows)
  trial = dict(known=known, seeds=seeds, choose=choose, peers=peers)
  found = verbs.associate(
    _find(matrix), **rows, **trial, with_texts=study_texts.attach
  )
  _answer(found, json)
  print(figures.draw(found.matrix, found.structure, found.folder))
  return 0


@app.command
def data(
  verb: tyro.conf.Positional[Literal["list", "prepare", "show", "tokenizer"]],
  names: tyro.conf.Positional[tuple[str, ...]] = (),
  *,
  context: int = 128,
  tokenizer: str = "bytes",
  size: int | None = None,
) -> int:
  """List the catalogue of text, prepare or show sources, make tokenizers.

  Examples: forgetting data list; forgetting data prepare kjv ./letters;
  forgetting data show kjv; forgetting data tokenizer --size 8192

  Args:
    names: Names or sets of the catalogue, paths of your own text, TFDS data
      sets; `prepare` without a name takes the pretraining mix. Of
      `tokenizer`: its name, or with --size the text to train it on.
    context: Tokens a sequence.
    tokenizer: What cuts text into tokens.
    size: Pieces of the tokenizer to train.
  """
  from forgetting.data import commands

  if verb == "list":
    print(commands.list_text())
  elif verb == "prepare":
    names = names or ("mix",)
    print(commands.prepare_text(names, context=context, tokenizer=tokenizer))
  elif verb == "tokenizer":
    print(commands.tokenizer_text(names, size=size))
  elif not names:
    raise InputError("data show: found no name, expected one or more")
  for name in names if verb == "show" else ():
    print(commands.show_text(name, context=context, tokenizer=tokenizer))
  return 0


def main() -> None:
  """Entry point: bad input is one line and exit status 2."""
  if sys.argv[1:] == ["--version"]:
    from importlib.metadata import version

    print(version("forgetting"))
    return
  try:
    sys.exit(
      app.cli(
        prog="forgetting",
        description="Measure, predict and prevent what a language model"
        " forgets when it is fine-tuned.",
      )
    )
  except InputError as error:
    _say(str(error))
    sys.exit(2)
  except KeyboardInterrupt:
    _say("stopped; what is done is kept")
    sys.exit(130)


def _find(table: str) -> pathlib.Path:
  """A path as given, or a study by its name under runs/."""
  named = pathlib.Path("runs") / table
  return (
    named
    if not pathlib.Path(table).exists() and named.exists()
    else (pathlib.Path(table))
  )


def _laws():
  """The laws' verbs, in a process that keeps the memory it has freed."""
  # Before numpy: threads cost more than they bring on such small matrices.
  os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
  from forgetting.laws import verbs
  from forgetting.memory import keep_freed_memory

  keep_freed_memory()
  return verbs


def _answer(report, file: str | None) -> int:
  if file is not None:
    from forgetting.records import write_atomically

    text = json.dumps(report.data, indent=1)
    write_atomically(pathlib.Path(file), text.encode())
  print(report.text)
  return 0


def _write_page(table: pathlib.Path, *, tolerance: float) -> None:
  from forgetting import report as report_lib
  from forgetting.memory import keep_freed_memory

  keep_freed_memory()
  print(f"page: {report_lib.write(table, tolerance=tolerance)}")


def _say(line: str) -> None:
  print(f"forgetting: {line}", file=sys.stderr)
