"""`forgetting study` beyond this machine: dry run, status, submission."""

from collections.abc import Sequence
import dataclasses
import pathlib

from forgetting.config import InputError, Run, Study
from forgetting.launch import engines, jobs, local, selection
from forgetting.launch import profile as profile_lib
from forgetting.launch import status as status_lib
from forgetting.launch.jobs import Launch
from forgetting.storage import places


def planned(
  study: Study,
  *,
  only: Sequence[str],
  limit: int | None,
  **launch,
) -> tuple[tuple[Run, ...], Launch]:
  """The chosen runs, and what of them is to be launched.

  Args:
    launch: further attributes of `Launch`.

  Raises:
    InputError: a filter that does not fit the study, a profile that is none.
  """
  if limit is not None and limit < 1:
    raise InputError(f"--limit: found {limit}, expected 1 or more")
  places.check_reached(launch["root"])
  runs = selection.chosen(study, " ".join(only)) if only else study.ordered()
  todo = jobs.outstanding(study, runs, root=launch["root"])[:limit]
  profile = profile_lib.read(launch["profile_file"])
  return runs, Launch(study=study, todo=todo, profile=profile, **launch)


def check_engine(on: str, *, profile: str | None) -> None:
  """Refuses an engine that is not there, before anything is done."""
  if on != "local":
    engines.find(on)
  elif profile is not None:
    raise InputError(
      f"--profile: found {profile}, expected none on this machine; it goes"
      " with --on slurm, skypilot or gke"
    )


def status(launch: Launch, runs: tuple[Run, ...], *, on: str) -> str:
  """What has become of those runs, as text."""
  queue, notes = {}, []
  if on != "local":
    queue = engines.find(on).queued(launch)
  elif (pathlib.Path(launch.root) / launch.study.name / "slurm").is_dir():
    try:  # it was launched there before
      queue = engines.find("slurm").queued(launch)
    except InputError as error:
      notes.append(f"what is queued is not known: {error}")
  for name in local.running(launch.study, launch.todo, root=launch.root):
    queue.setdefault(name, "running")
  states = status_lib.states(launch.study, runs, root=launch.root, queue=queue)
  return "\n".join([status_lib.told(launch.study, states), *notes])


def dry_run(launch: Launch, *, on: str, workers: int | None) -> str:
  """Exactly what would be started or submitted."""
  if on == "local":
    return local.would_start(launch.todo, number=workers)
  engine = engines.find(on)
  files = engine.render(launch)
  parts = [f"--- {name}\n{text}" for name, text in files.items()]
  try:
    engine.check(launch)
  except InputError as error:
    parts.append(f"--- it would be refused here: {error}")
  return "\n".join(parts) if files else "nothing to submit"


def submit(launch: Launch, *, on: str) -> str:
  """Submits what is missing; what to tell the user."""
  if not launch.todo:
    return "nothing to submit: every run is done"
  engine = engines.find(on)
  engine.check(launch)
  return engine.submit(launch)


def restricted(study: Study, runs: tuple[Run, ...]) -> Study:
  """The study with these runs alone, for the local engine."""
  return dataclasses.replace(study, runs=runs)
