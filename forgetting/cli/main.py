"""The command `forgetting`: each verb imports only what it needs."""

import contextlib
import os
import pathlib
import sys
from typing import Annotated, Literal

import tyro

from forgetting.cli import analysis as cli_analysis
from forgetting.cli import tables as cli_tables
from forgetting.cli.analysis import Json, StudyOrTable, find, write_json
from forgetting.cli.app import Verbs
from forgetting.config import InputError
from forgetting.config.saves import Saves
from forgetting.config.study_file import load_study
from forgetting.storage.places import place

app = Verbs()
ABOUT = (
  "Measure, predict and prevent what a language model forgets when it is"
  " fine-tuned. With --quiet a verb prints errors only; `--version` tells the"
  " version, `--tyro-print-completion bash` (zsh, tcsh) a completion script."
)

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
  keep_best: tyro.conf.FlagCreatePairsOff[bool] = False,
  slots: int | None = None,
  on: str = "local",
  profile: str | None = None,
  only: tuple[str, ...] = (),
  limit: int | None = None,
  status: tyro.conf.FlagCreatePairsOff[bool] = False,
  dry_run: tyro.conf.FlagCreatePairsOff[bool] = False,
  chip: str = "h200",
  devices: int = 1,
  mfu: float | None = None,
  json: Json = None,
) -> int:
  """Do every run of a study that has no result yet, then write its page.

  Examples: forgetting study configs/quickstart.py; forgetting study
  configs/quickstart.py --on slurm --profile mine.toml --dry-run

  Args:
    domain: Do the study on these target domains: names of the catalogue, or
      folders, globs and files of your own: .txt, path.jsonl:field, .parquet,
      path.jsonl:prompt->response for instructions.
    pretraining: Pretraining sources in place of the config's: the same, or a
      set of the catalogue as `mix`.
    root: Results go to ROOT/STUDY.
    workers: Processes on this machine; one a GPU, or one a core, by default.
    save_every: Steps between the checkpoints of a run; by default ten
      minutes, and when it is stopped.
    keep_best: Keep the parameters of each fine-tuning's best evaluation.
    slots: Runs that a worker trains together; by default one on a core, and as
      many as a GPU is found to do fastest.
    on: Where: local, slurm, skypilot or gke. Submits what is neither done nor
      queued.
    profile: TOML file with the engine's settings: launch/README.md.
    only: Conditions on the axes, as domain=kjv injection=0,0.05
      'model_params<1e6'; what these runs need is done too.
    limit: Runs at most, of those that are left to do.
    status: Do nothing; tell what is done, running, waiting and failed.
    dry_run: Do nothing; tell runs, tokens, FLOPs, memory and hours, and exactly
      what would be submitted.
    chip: Of a dry run: h200, h100, a100, rtx4090, v4, v5e, cpu, ...
    devices: Of a dry run: how many; of cpu, cores.
    mfu: Of a dry run: the part of the chip's peak that training reaches.
  """
  plan = load_study(config, domains=domain, pretraining=pretraining)
  from forgetting.launch import verbs

  saves = Saves(every=save_every, best=keep_best)
  runs, launch = verbs.planned(
    plan,
    study_file=config,
    root=root,
    only=only,
    limit=limit,
    profile_file=profile,
    domain=domain,
    pretraining=pretraining,
    saves=saves,
  )
  verbs.check_engine(on, profile=profile)
  if json is not None and (status or dry_run):
    raise InputError(
      "--json: found it with --status or --dry-run, expected"
      " without: they tell words"
    )
  if status:
    print(verbs.status(launch, runs, on=on))
    return 0
  if dry_run:
    from forgetting.cost import dry_run as dry_run_lib

    costed = verbs.restricted(plan, runs) if only else plan
    print(dry_run_lib.tell(costed, chip=chip, devices=devices, mfu=mfu))
    print(verbs.dry_run(launch, on=on, workers=workers))
    return 0
  if on != "local":
    print(verbs.submit(launch, on=on))
    return 0
  # a finished study is no less one for a limit
  chosen = launch.todo if limit is not None and launch.todo else runs
  if only or limit is not None:
    plan = verbs.restricted(plan, chosen)
  return _do_here(
    plan,
    root=root,
    workers=workers,
    json=json,
    saves=saves,
    slots=slots,
  )


def _do_here(plan, *, root: str, json: str | None, **how) -> int:
  from forgetting.study import crew
  from forgetting.study import study as study_lib

  try:
    summary = study_lib.do_study(plan, root=root, **how)
  except crew.Stopped:
    _say("stopped; what is done is kept: the same command goes on from here")
    return 75
  if not write_json(summary.as_dict(), json):
    print(summary)
  quiet = contextlib.redirect_stdout(sys.stderr) if json == "-" else None
  with quiet or contextlib.nullcontext():
    _write_page(place(root) / plan.name, tolerance=plan.tolerance)
  for line in summary.failed.values():
    _say(line)
  return 1 if summary.failed else 0


@app.command
def run(
  config: tyro.conf.Positional[Config] = "",
  *,
  study: str = "",
  index: int | None = None,
  name: str | None = None,
  domain: tuple[str, ...] = (),
  pretraining: tuple[str, ...] = (),
  root: str = "runs",
  save_every: int | None = None,
  keep_best: tyro.conf.FlagCreatePairsOff[bool] = False,
  json: Json = None,
) -> int:
  """With --index or --name do one run of a study here, else list them.

  The exit code is 0 when its result is there, 75 when a signal has stopped it
  and it has saved (run it again), 3 when a run that it needs is not done, 4
  when another process is at it.

  Example: forgetting run configs/quickstart.py --index 0

  Args:
    study: CONFIG, as an option.
    index: Place in the list.
    name: Or its name.
    domain: As of `forgetting study`; without it the run has another name.
    pretraining: The same.
    root: Results go to ROOT/STUDY.
    save_every: Steps between checkpoints; by default ten minutes, and when
      it is stopped.
    keep_best: Keep the parameters of its best evaluation.
  """
  from forgetting.study import single

  if bool(config) == bool(study):
    raise InputError("run: expected a CONFIG, or --study CONFIG, one of them")
  plan = load_study(config or study, domains=domain, pretraining=pretraining)
  if index is None and name is None:
    if not write_json(single.states(plan, root=root), json):
      print(single.listing(plan, root=root))
    return 0
  saves = Saves(every=save_every, best=keep_best)
  chosen = single.find(plan, index=index, name=name)
  return single.do(plan, chosen, root=root, saves=saves)


@app.command
def report(
  table: tyro.conf.Positional[StudyOrTable],
  *,
  tolerance: float | None = None,
  out: str | None = None,
) -> int:
  """Write the page of a study, done or half done, or of a table.

  Example: forgetting report quickstart

  Args:
    tolerance: Forgetting that the page's advice allows, nats per token; by
      default what the study's config says, else 0.05.
    out: Folder for the page, its tables and figures; by default the study's,
      of a table <name>-report beside it.
  """
  from forgetting.records import plan_file

  source = find(table)
  if tolerance is None:
    tolerance = plan_file.tolerance_of(source) or 0.05
  _write_page(source, tolerance=tolerance, out=out)
  return 0


@app.command
def data(
  verb: tyro.conf.Positional[
    Literal["list", "prepare", "show", "tokenizer", "push", "pull"]
  ],
  names: tyro.conf.Positional[tuple[str, ...]] = (),
  *,
  context: int = 128,
  tokenizer: str = "bytes",
  size: int | None = None,
  at: str | None = None,
  domain: tuple[str, ...] = (),
  pretraining: tuple[str, ...] = (),
) -> int:
  """List the catalogue of text, prepare or show sources, make tokenizers.

  `push` puts prepared text into a bucket, `pull` copies it from there into this
  machine's cache.

  Examples: forgetting data list; forgetting data prepare kjv ./letters;
  forgetting data show kjv; forgetting data tokenizer --size 8192;
  forgetting data push configs/quickstart.py --at gs://BUCKET/text

  Args:
    names: Names or sets of the catalogue, paths of your own text, TFDS data
      sets; `prepare` without a name takes the pretraining mix. Of
      `tokenizer`: its name, or with --size the text to train it on. Of `push`
      and `pull` also a study file: all text of its runs.
    context: Tokens a sequence.
    tokenizer: What cuts text into tokens.
    size: Pieces of the tokenizer to train.
    at: Of `push` and `pull`: gs://BUCKET/FOLDER, or a folder that all see.
    domain: Of a study file: as of `forgetting study`.
    pretraining: The same.
  """
  from forgetting.data import commands

  if verb == "list":
    print(commands.list_text())
  elif verb == "prepare":
    names = names or ("mix",)
    print(commands.prepare_text(names, context=context, tokenizer=tokenizer))
  elif verb == "tokenizer":
    print(commands.tokenizer_text(names, size=size))
  elif verb in ("push", "pull"):
    from forgetting.cli import data as text_shared

    told = dict(context=context, tokenizer=tokenizer, at=at)
    own_text = dict(domain=domain, pretraining=pretraining)
    print(getattr(text_shared, verb)(names, **told, **own_text))
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
app.command(cli_tables.export)
app.command(cli_tables.doctor)


def main() -> None:
  """Entry point: bad input is one line and exit status 2."""
  arguments = [part for part in sys.argv[1:] if part != "--quiet"]
  if arguments == ["--version"]:
    from importlib.metadata import version

    print(version("forgetting"))
    return
  quiet = len(arguments) < len(sys.argv[1:])
  try:
    todo = app.parse(arguments, description=ABOUT)
    with _silence() if quiet else contextlib.nullcontext():
      code = todo()
    sys.exit(code)
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
  from forgetting.cost.memory import keep_freed_memory

  keep_freed_memory()
  print(f"page: {report_lib.write(table, tolerance=tolerance, out=out)}")


_errors = []  # where a verb that is quiet tells errors all the same


@contextlib.contextmanager
def _silence():
  """Nothing is printed; errors are, by `_say`."""
  _errors.append(sys.stderr)
  try:
    with (
      open(os.devnull, "w") as nowhere,
      contextlib.redirect_stdout(nowhere),
      contextlib.redirect_stderr(nowhere),
    ):
      yield
  finally:
    _errors.pop()


def _say(line: str) -> None:
  where = _errors[-1] if _errors else sys.stderr
  print(f"forgetting: {line}", file=where)
