"""The verb about all runs of a study: study.

It is four commands, a function each: do the study here, submit it elsewhere,
tell what has become of it, tell what it would cost. Each refuses the options
that it has no use for.
"""

import contextlib
import dataclasses
import functools
import sys
from typing import Annotated

import tyro

from forgetting.cli import needs
from forgetting.cli.answers import ROOT, one_thread, tell, write_page
from forgetting.cli.loading import loaded
from forgetting.cli.options import (
  Config,
  Flag,
  Json,
  Log,
  OwnText,
  Root,
  Saving,
  given,
  refuse_others,
)
from forgetting.cli.quiet import say
from forgetting.config import InputError, Run, Study

CHIP, DEVICES = "h200", 1  # of a dry run that names none
STOPPED = 75  # exit code: the same command goes on


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machine:
  """On this machine.

  Attributes:
    workers: Processes; one a GPU, or one a core, by default.
    slots: Runs that a worker trains together; by default what is fastest.
  """

  workers: int | None = None
  slots: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cost:
  """With --dry-run.

  Attributes:
    chip: With --dry-run: a100, h100, rtx4090, v4, v5e, cpu, ...; h200 if none.
    devices: How many of them, by default 1; of cpu, cores.
    mfu: The part of the chip's peak that training reaches.
  """

  chip: str | None = None
  devices: int | None = None
  mfu: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class StudyOptions:
  """What is typed after `forgetting study`.

  Attributes:
    on: local; or slurm, skypilot, gke, to which what is left is submitted.
    profile: TOML file with the engine's settings: launch/README.md.
    only: Conditions on the axes, as domain=kjv injection=0,0.05
      'model_params<1e6'; what these runs need is done too.
    limit: Runs at most, of those that are left to do.
    status: Do nothing; tell what has become of each run, and the time left.
    dry_run: Do nothing; tell tokens, FLOPs, memory, hours, and what is begun.
    names: With --dry-run, list the runs.
  """

  config: tyro.conf.Positional[Config]
  root: Root = ROOT
  on: str = "local"
  profile: str | None = None
  only: tuple[str, ...] = ()
  limit: int | None = None
  status: Flag = False
  dry_run: Flag = False
  names: Flag = False
  json: Json = None
  log: Log = None
  text: tyro.conf.OmitArgPrefixes[OwnText] = OwnText()
  saving: tyro.conf.OmitArgPrefixes[Saving] = Saving()
  machine: tyro.conf.OmitArgPrefixes[Machine] = Machine()
  cost: tyro.conf.OmitArgPrefixes[Cost] = Cost()


# what each of the four has a use for
CHOICE = {
  *("config", "root", "on", "profile", "only"),
  *("domain", "pretraining", "model", "set"),
}
STATUS = {*CHOICE, "status"}
SUBMIT = {*CHOICE, "limit", "save_every", "keep_best", "log"}
HERE = {*SUBMIT, "workers", "slots", "json"}
COST = {"dry_run", "names", "chip", "devices", "mfu"}
GOES_WITH = {
  "status": "no --dry-run",
  "json": "runs that are done on this machine",
  "workers": "runs that are done on this machine",
  "slots": "runs that are done on this machine",
  "limit": "runs that are to be done",
  "save_every": "runs that are to be done",
  "keep_best": "runs that are to be done",
  "log": "runs that are to be done",
  "names": "--dry-run",
  "chip": "--dry-run",
  "devices": "--dry-run",
  "mfu": "--dry-run",
}


def study(asked: Annotated[StudyOptions, tyro.conf.arg(name="")]) -> int:
  """Do every run of a study that has no result yet, then write its page.

  Examples: forgetting study configs/quickstart.py; forgetting study
  configs/quickstart.py --on slurm --profile mine.toml --dry-run
  """
  if asked.dry_run:
    return tell_cost(asked)
  if asked.status:
    return tell_status(asked)
  return do_here(asked) if asked.on == "local" else submit(asked)


def tell_cost(asked: StudyOptions) -> int:
  """Tells what it would cost, and exactly what would be started.

  It takes the options of the command that it is the dry run of.
  """
  _refuse_others(asked, {*_doing(asked), *COST} - {"json"}, "--dry-run")
  from forgetting.cost import dry_run
  from forgetting.launch import verbs

  study, runs, launch = _planned(asked)
  cost = asked.cost
  devices = DEVICES if cost.devices is None else cost.devices
  told = dry_run.tell(
    study,
    # of what is all done the whole is told: somebody asks what it was
    runs=launch.todo or runs,
    chip=cost.chip or CHIP,
    devices=devices,
    mfu=cost.mfu,
  )
  print(told)
  done = len(runs) - len(launch.todo)
  if done and launch.todo and asked.limit is None:
    print(f"{done} more are done and not counted")
  print(verbs.dry_run(launch, on=asked.on))
  return 0


def tell_status(asked: StudyOptions) -> int:
  """Tells what has become of the runs."""
  _refuse_others(asked, STATUS, "--status")
  from forgetting.launch import verbs

  _, runs, launch = _planned(asked)
  print(verbs.status(launch, runs, on=asked.on))
  return 0


def submit(asked: StudyOptions) -> int:
  """Submits what is neither done nor queued to an engine."""
  _refuse_others(asked, SUBMIT, f"--on {asked.on}")
  from forgetting.launch import verbs

  _, _, launch = _planned(asked)
  print(verbs.submit(launch, on=asked.on))
  return 0


def do_here(asked: StudyOptions) -> int:
  """Does what is missing on this machine, then writes the page."""
  one_thread()
  _refuse_others(asked, HERE, "--on local")
  needs.training()
  from forgetting.launch import verbs

  study, runs, launch = _planned(asked)
  # a finished study is no less one for a limit
  limited = asked.limit is not None
  saves = dataclasses.replace(asked.saving.saves, parents=study.continued)
  chosen = launch.todo if limited and launch.todo else runs
  if asked.only or limited:
    study = verbs.restricted(study, chosen)
  from forgetting.report import first_cell
  from forgetting.study import crew, tracking
  from forgetting.study.study import do_study

  directory = launch.directory
  try:
    with tracking.following(asked.log, directory, study.ordered(), say):
      summary = do_study(
        study,
        root=asked.root,
        saves=saves,
        workers=asked.machine.workers,
        slots=asked.machine.slots,
        after_first_cell=functools.partial(first_cell.show, directory.path),
      )
  except crew.Stopped:
    say("stopped; what is done is kept: the same command goes on from here")
    return STOPPED
  tell(summary, summary.as_dict(), json=asked.json)
  alone = contextlib.redirect_stdout(sys.stderr) if asked.json == "-" else None
  try:
    with alone or contextlib.nullcontext():
      write_page(directory.path, tolerance=study.tolerance)
  except InputError as error:
    if not summary.failed:
      raise
    say(str(error))  # what failed is told all the same
  for line in summary.failed.values():
    say(line)
  return 1 if summary.failed else 0


def _doing(asked: StudyOptions) -> set[str]:
  return HERE if asked.on == "local" else SUBMIT


def _refuse_others(asked: StudyOptions, takes: set[str], found: str) -> None:
  if asked.on != "local":
    from forgetting.launch import engines

    engines.find(asked.on)  # a name that is none is told first
    found = found if found.startswith("--on") else f"{found} --on {asked.on}"
  refuse_others(given(asked), takes, found=found, where=GOES_WITH)


def _planned(asked: StudyOptions) -> tuple[Study, tuple[Run, ...], object]:
  """The study, the runs of it that are chosen, and their `Launch`."""
  from forgetting.launch import verbs
  from forgetting.study import trackers

  trackers.check(asked.log)
  study = loaded(asked.config, asked.text)
  runs, launch = verbs.planned(
    study,
    study_file=asked.config,
    root=asked.root,
    only=asked.only,
    limit=asked.limit,
    unreached=say if asked.dry_run else None,
    profile_file=asked.profile,
    domain=asked.text.domain,
    pretraining=asked.text.pretraining,
    arguments=asked.text.set,
    model=asked.text.model,
    saves=asked.saving.saves,
    log=asked.log,
    workers=asked.machine.workers,
    slots=asked.machine.slots,
    names=asked.names,
  )
  verbs.check_engine(asked.on, profile=asked.profile)
  return study, runs, launch
