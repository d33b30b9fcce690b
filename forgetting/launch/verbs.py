"""What `forgetting study` does without doing a run: look, tell, submit."""

from collections.abc import Callable, Sequence
import dataclasses

from forgetting.config import InputError, Run, Study
from forgetting.launch import engines, jobs, selection
from forgetting.launch import profile as profile_lib
from forgetting.launch import status as status_lib
from forgetting.launch.jobs import Launch
from forgetting.records import StudyDirectory
from forgetting.storage import places


def planned(
  study: Study,
  *,
  only: Sequence[str],
  limit: int | None,
  unreached: Callable[[str], object] | None = None,
  **launch,
) -> tuple[tuple[Run, ...], Launch]:
  """The chosen runs, and what of them is to be launched.

  Args:
    study: that the user names.
    only: conditions on its runs' axes; none: all runs.
    limit: runs to be launched, at most.
    unreached: is told that the root cannot be reached, which then is no error:
      a dry run needs no network.
    launch: further attributes of `Launch`.

  Returns:
    every run that is chosen, with what it needs; and those of them that are to
    be done.

  Raises:
    InputError: a filter that does not fit the study, a profile that is none.
  """
  if limit is not None and limit < 1:
    raise InputError(f"--limit: found {limit}, expected 1 or more")
  runs = selection.chosen(study, " ".join(only)) if only else study.ordered()
  try:
    places.check_reached(launch["root"])
    directory = StudyDirectory.at(launch["root"], study.name)
    todo = jobs.outstanding(directory, runs)[:limit]
  except InputError as error:
    if unreached is None:
      raise
    unreached(f"what is done there is not known, all runs are taken: {error}")
    todo = tuple(runs)[:limit]
  profile = profile_lib.read(launch["profile_file"])
  return runs, Launch(study=study, todo=todo, profile=profile, **launch)


def check_engine(on: str, *, profile: str | None) -> None:
  """Refuses an engine that is not there, before anything is done.

  Args:
    on: its name.
    profile: the file with its settings, if any.

  Raises:
    InputError: there is none of that name, or it takes no profile.
  """
  if engines.find(on).SETTINGS is None and profile is not None:
    others = ", ".join(name for name in engines.ENGINES if name != on)
    raise InputError(
      f"--profile: found {profile}, expected none with --on {on}; it goes with"
      f" --on {others}"
    )


def status(launch: Launch, runs: Sequence[Run], *, on: str) -> str:
  """What has become of runs, as text.

  Args:
    launch: what is launched.
    runs: to tell of, of its study.
    on: the engine that has to answer. Another that has left a folder in the
      study's is asked too; that it does not answer is told.

  Raises:
    InputError: the engine does not answer.
  """
  queue, notes = engines.find(on).queued(launch), []
  for name in engines.ENGINES:
    if name != on and (launch.directory.path / name).is_dir():
      try:
        queue = engines.find(name).queued(launch) | queue
      except InputError as error:
        notes.append(f"what is queued is not known: {error}")
  found = status_lib.statuses(launch.directory, runs, queue=queue)
  return "\n".join([status_lib.told(launch.study.name, found), *notes])


def dry_run(launch: Launch, *, on: str) -> str:
  """Exactly what an engine would start or submit, as text.

  Args:
    on: its name.

  Raises:
    InputError: a profile that does not hold.
  """
  engine = engines.find(on)
  files = engine.render(launch)
  parts = [f"--- {title}\n{text}" for title, text in files.items()]
  try:
    engine.check(launch)
  except InputError as error:
    parts.append(f"--- it would be refused here: {error}")
  return "\n".join(parts) if files else "nothing to do: all is done or queued"


def submit(launch: Launch, *, on: str) -> str:
  """Submits what is neither done nor queued.

  Args:
    on: an engine that submits.

  Returns:
    what to tell the user.

  Raises:
    InputError: what the engine, the profile or the text cannot give.
  """
  if not launch.todo:
    return "nothing to submit: every run is done"
  engine = engines.find(on)
  engine.check(launch)
  return engine.submit(launch)


def restricted(study: Study, runs: tuple[Run, ...]) -> Study:
  """The study with some of its runs alone, to be done on this machine."""
  return dataclasses.replace(study, runs=runs)
