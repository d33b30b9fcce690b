"""The command `forgetting`: each verb imports only what it needs."""

import os
import pathlib
import sys
from typing import Annotated, Literal

import tyro

from forgetting import cli_analysis
from forgetting.cli_analysis import StudyOrTable, find
from forgetting.config import InputError
from forgetting.study_file import load_study

app = tyro.extras.SubcommandApp()

Config = Annotated[
  str, tyro.conf.arg(metavar="CONFIG", help="Python file with study() in it.")
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
def run(
  config: tyro.conf.Positional[Config],
  *,
  index: int | None = None,
  name: str | None = None,
  root: str = "runs",
  save_every: int | None = None,
) -> int:
  """Do one run of a study in this process; without which, list them.

  The exit code is 0 when its result is there, 75 when a signal has stopped it
  and it has saved (run it again), 3 when a run that it needs is not done.

  Example: forgetting run configs/quickstart.py --index 0

  Args:
    index: Place in the list.
    name: Or its name.
    root: Results go to ROOT/STUDY.
    save_every: Steps between checkpoints; by default at the end, or when it is
      stopped.
  """
  from forgetting import single

  plan = load_study(config)
  if index is None and name is None:
    print(single.listing(plan, root=root))
    return 0
  chosen = single.find(plan, index=index, name=name)
  return single.do(plan, chosen, root=root, save_every=save_every)


@app.command
def report(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  tolerance: float = 0.05,
  out: str | None = None,
) -> int:
  """Write the page of a study, done or half done, or of a table.

  Example: forgetting report quickstart

  Args:
    tolerance: Forgetting that the page's advice allows, nats per token.
    out: Folder for the page, its tables and figures; by default the study's,
      of a table <name>-report beside it.
  """
  _write_page(find(table), tolerance=tolerance, out=out)
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


app.command(cli_analysis.fit)
app.command(cli_analysis.predict)
app.command(cli_analysis.advise)
app.command(cli_analysis.plan)
app.command(cli_analysis.associate)


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
  except BrokenPipeError:
    # as of `| head`; at exit Python would write what is left, and fail again
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def _write_page(
  table: pathlib.Path, *, tolerance: float, out: str | None = None
) -> None:
  from forgetting import report as report_lib
  from forgetting.memory import keep_freed_memory

  keep_freed_memory()
  print(f"page: {report_lib.write(table, tolerance=tolerance, out=out)}")


def _say(line: str) -> None:
  print(f"forgetting: {line}", file=sys.stderr)
