"""One run of a study in this process: what every engine starts.

Done again it is a no-op; stopped it saves and goes on at the next call. On a
cluster every process of the run is started with the same command.
"""

import os
import pathlib
import signal
import sys

from forgetting.config import InputError, Run, Study
from forgetting.config.saves import Saves
from forgetting.cost import memory
from forgetting.data import cache
from forgetting.records import RunDirectory
from forgetting.storage import claims, places
from forgetting.study import study as study_lib

DONE, STOPPED, PARENT_MISSING, HELD = 0, 75, 3, 4
EXECUTOR = "one process, all of its devices"


def find(study: Study, *, index: int | None, name: str | None) -> Run:
  """The run of that place in `Study.ordered()`, or of that name.

  Raises:
    InputError: there is none, or neither or both were given.
  """
  runs = study.ordered()
  if (index is None) == (name is None):
    raise InputError("run: expected --index or --name, one of them")
  if index is not None:
    if not 0 <= index < len(runs):
      raise InputError(
        f"index: found {index}, expected 0 to {len(runs) - 1}: {study.name} has"
        f" {len(runs)} runs"
      )
    return runs[index]
  for run in runs:
    if run.name == name:
      return run
  raise InputError(f"name: found {name!r}, expected a run of {study.name}")


def states(study: Study, *, root: str) -> list[dict]:
  """A dict a run: its index, its name, what has become of it."""
  return [
    {"index": index, "run": run.name, "state": _state(study, run, root)}
    for index, run in enumerate(study.ordered())
  ]


def listing(study: Study, *, root: str) -> str:
  """The same, a line a run."""
  return "\n".join(
    f"{row['index']:4d}  {row['run']}  {row['state']}"
    for row in states(study, root=root)
  )


def _state(study: Study, run: Run, root: str) -> str:
  if result := RunDirectory.of(root, study.name, run).result():
    return result["status"]
  return "waiting" if _missing(study, run, root) else "to do"


def _missing(study: Study, run: Run, root: str) -> list[Run]:
  """The runs that it needs and that are not done."""
  needed = [(n, RunDirectory.of(root, study.name, n)) for n in run.needs]
  return [n for n, directory in needed if not directory.done]


def _check_needs(study: Study, run: Run, root: str) -> None:
  for needed in run.needs:
    result = RunDirectory.of(root, study.name, needed).result()
    if result["status"] == "diverged":
      raise InputError(
        f"{run.name}: found {needed.name} diverged, expected parameters to"
        f" start from; {result['stop_reason']}"
      )


def do(study: Study, run: Run, *, root: str, saves: Saves) -> int:
  """Does a run unless its result is there; the exit code says how it went.

  Returns:
    DONE, STOPPED by a signal after saving, PARENT_MISSING, or HELD: another
    process is doing it.

  Raises:
    InputError: a bad config, or text that cannot be had.
  """
  places.check_reached(root)
  directory = RunDirectory.of(root, study.name, run)
  if directory.done:
    _say(f"{run.name}: {directory.result()['status']} already")
    return DONE
  if missing := _missing(study, run, root):
    _say(f"{run.name}: found no result of {missing[0].name}, which it needs")
    return PARENT_MISSING
  _check_needs(study, run, root)
  stopping = _on_signals()
  study_lib.prepare_text([run])
  memory.keep_freed_memory()
  os.environ.update(memory.gpu_share(os.environ))
  from forgetting.runs.run import do_run
  from forgetting.training import compilation, processes
  from forgetting.training.loop import Interrupted

  processes.start()
  compilation.use_cache(pathlib.Path(cache.root() / "compiled"))
  try:
    result = do_run(
      run,
      root=root,
      study=study.name,
      executor=EXECUTOR,
      saves=saves,
      stop=stopping,
    )
  except Interrupted as stopped:
    _say(f"{run.name}: {stopped}; the same command goes on from there")
    return STOPPED
  except claims.Held as held:
    _say(str(held))
    return HELD
  except Exception as error:
    # with the code that the command would have ended with
    processes.leave_others(2 if isinstance(error, InputError) else 1)
    raise
  _say(f"{run.name}: {result['status']}, {result['stop_reason']}")
  return DONE


def _on_signals():
  """Whether SIGTERM or Ctrl-C has come: the run saves before its next step."""
  asked = []
  for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: asked.append(True))
  return lambda: bool(asked)


def _say(line: str) -> None:
  print(f"forgetting: {line}", file=sys.stderr)
