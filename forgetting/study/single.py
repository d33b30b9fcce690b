"""One run of a study in this process: what every engine starts.

Done again it is a no-op; stopped it saves and goes on at the next call. On a
cluster every process of the run is started with the same command.
"""

from collections.abc import Callable
import contextlib
import dataclasses
import os
import pathlib
import signal
import sys

from forgetting.config import InputError, Run, Study
from forgetting.config.saves import Saves
from forgetting.cost import memory
from forgetting.cost.parts import parts_here
from forgetting.data import cache
from forgetting.records import StudyDirectory, state
from forgetting.records.state import State
from forgetting.runs.options import RunOptions
from forgetting.runs.run import do_run
from forgetting.storage import claims, places
from forgetting.study import study as study_lib
from forgetting.study import tracking

# exit codes
DONE, STOPPED, PARENT_MISSING, HELD = 0, 75, 3, 4
EXECUTOR = "one process, all of its devices"


def find(study: Study, *, index: int | None, name: str | None) -> Run:
  """A run of a study, by its index or by its name.

  Args:
    index: in `Study.ordered()`, or None.
    name: of the run, or None; one of the two.

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
  """What has become of each run.

  Args:
    root: results are in <root>/<study name>/.

  Returns:
    a dict a run, in the order of `Study.ordered()`: its index, its name, and a
    word of `records.state.State`.
  """
  found = state.of_runs(StudyDirectory.at(root, study.name), study.ordered())
  return [
    {"index": index, "run": became.run.name, "state": str(became.state)}
    for index, became in enumerate(found)
  ]


def listing(study: Study, *, root: str) -> str:
  """What `states` says, a line a run."""
  return "\n".join(
    f"{row['index']:4d}  {row['run']}  {row['state']}"
    for row in states(study, root=root)
  )


def do(
  study: Study, run: Run, *, root: str, saves: Saves, log: str | None = None
) -> int:
  """Does a run unless its result is there.

  Args:
    study: that it belongs to.
    run: which one.
    root: its directory is <root>/<study name>/<its name>/.
    saves: what of it is kept beside its result.
    log: tracker that its curve is sent to, of `trackers.TRACKERS`.

  Returns:
    an exit code, which says how it went:
    DONE, STOPPED by a signal after saving, PARENT_MISSING, or HELD: another
    process is doing it.

  Raises:
    InputError: a bad config, or text that cannot be had.
  """
  places.check_reached(root)
  directory = StudyDirectory.at(root, study.name)
  if result := directory.of(run).result():
    _say(f"{run.name}: {result['status']} already")
    return DONE
  needs = state.by_results(directory, run.needs)
  for needed in needs:
    if not needed.result:
      _say(f"{run.name}: found no result of {needed.run.name}, which it needs")
      return PARENT_MISSING
  for needed in needs:
    if needed.state is State.DIVERGED:
      raise InputError(
        f"{run.name}: found {needed.run.name} diverged, expected parameters to"
        f" start from; {needed.reason}"
      )
  stopping = _on_signals()
  study_lib.prepare_text([run])
  memory.keep_freed_memory()
  os.environ.update(memory.gpu_share(os.environ))
  from forgetting.training import compilation, processes
  from forgetting.training.loop import Interrupted

  processes.start()
  compilation.use_cache(pathlib.Path(cache.root() / "compiled"))
  options = RunOptions(
    study=directory,
    executor=EXECUTOR,
    saves=dataclasses.replace(saves, parents=study.continued),
    parts=parts_here,
    stop=stopping,
  )
  try:
    with contextlib.ExitStack() as stack:
      if processes.first():
        stack.enter_context(tracking.following(log, directory, [run], _say))
      result = do_run(run, options)
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


def _on_signals() -> Callable[[], bool]:
  """Whether SIGTERM or Ctrl-C has come: the run saves before its next step."""
  asked = []
  for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: asked.append(True))
  return lambda: bool(asked)


def _say(line: str) -> None:
  print(f"forgetting: {line}", file=sys.stderr)
