"""What became of a run: decided here, for whoever starts, lists or tells.

Two levels of evidence. Results alone say what can be started; who starts runs
asks for no more. With what processes, queues and logs say beside them it is
known what happens now and what went wrong; that is what people are told.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
import dataclasses
import enum

from forgetting.config import Run
from forgetting.records import log
from forgetting.records.directory import RunDirectory, StudyDirectory
from forgetting.storage import claims, places


class State(enum.StrEnum):
  """A word for what became of a run; each run is in one state.

  Attributes:
    DONE: its result is there.
    DIVERGED: its result is there, and says that its losses are not finite.
    RUNNING: a process is at it.
    QUEUED: an engine has it in its queue.
    TO_DO: nothing is at it, and all that it needs is done.
    WAITING: it needs a run that is not done yet.
    FAILED: its last attempt ended with an error, and nothing is at it.
    LOST: it needs a run that has diverged, so it can never be done.
  """

  DONE = "done"
  DIVERGED = "diverged"
  RUNNING = "running"
  QUEUED = "queued"
  TO_DO = "to do"
  WAITING = "waiting"
  FAILED = "failed"
  LOST = "lost"


# what of them can be begun, now or once what they need is done
OUTSTANDING = (State.TO_DO, State.WAITING)


@dataclasses.dataclass(frozen=True)
class Became:
  """What became of one run.

  Attributes:
    result: its result; {} before it is done.
    reason: one line, of a run that has diverged, failed or is lost, and of one
      that waits for a run that failed; else None.
  """

  run: Run
  directory: RunDirectory
  state: State
  result: Mapping = dataclasses.field(default_factory=dict)
  reason: str | None = None


def by_results(study: StudyDirectory, runs: Sequence[Run]) -> list[Became]:
  """What became of runs, as far as results say.

  Args:
    study: where their directories are.
    runs: in any order; what they need is looked at too.

  Returns:
    one a run, in their order: DONE, DIVERGED, TO_DO, WAITING or LOST.
  """
  return _of(study, runs, _result)


def of_runs(
  study: StudyDirectory,
  runs: Sequence[Run],
  *,
  queue: Mapping[str, State] | None = None,
) -> list[Became]:
  """What became of runs, by all that is known of them.

  Args:
    study: where their directories are.
    runs: in any order; what they need is looked at too.
    queue: run name -> QUEUED or RUNNING, what an engine's queue knows.

  Returns:
    one a run, in their order.
  """
  queued = queue or {}

  def look(directory: RunDirectory) -> "_Own":
    own = _result(directory)
    if own.state is not None:
      return own
    if there := queued.get(directory.path.name):
      return _Own(there)
    if claims.held(directory.path):
      return _Own(State.RUNNING)
    return _Own(error=log.first_error(directory.log))

  return _of(study, runs, look)


@dataclasses.dataclass(frozen=True)
class _Own:
  """What a run's own directory says; `state` is None where others decide."""

  state: State | None = None
  result: Mapping = dataclasses.field(default_factory=dict)
  error: str | None = None


def _result(directory: RunDirectory) -> _Own:
  result = directory.result()
  if not result:
    return _Own()
  diverged = result["status"] == "diverged"
  return _Own(State.DIVERGED if diverged else State.DONE, result)


def _of(
  study: StudyDirectory,
  runs: Sequence[Run],
  look: Callable[[RunDirectory], _Own],
) -> list[Became]:
  everything = _with_needed(runs)
  directories = [study.of(run) for run in everything]
  found: dict[Run, Became] = {}
  for run, directory, own in zip(
    everything, directories, places.each(directories, look), strict=True
  ):
    needed = [found[need] for need in run.needs]
    state, reason = _decided(own, needed)
    found[run] = Became(run, directory, state, own.result, reason)
  return [found[run] for run in runs]


def _with_needed(runs: Iterable[Run]) -> list[Run]:
  """Each once, after those that it needs."""
  out: dict[Run, None] = {}

  def add(run: Run) -> None:
    if run not in out:
      for need in run.needs:
        add(need)
      out[run] = None

  for run in runs:
    add(run)
  return list(out)


def _decided(own: _Own, needed: Sequence[Became]) -> tuple[State, str | None]:
  if own.state is State.DIVERGED:
    return own.state, own.result.get("stop_reason")
  if own.state is not None:
    return own.state, None
  for need in needed:
    if need.state is State.DIVERGED:
      return State.LOST, f"needs {need.run.name}, which diverged"
    if need.state is State.LOST:
      return State.LOST, need.reason
  if own.error is not None:
    return State.FAILED, own.error
  for need in needed:
    if need.state is State.FAILED:
      return State.WAITING, f"needs {need.run.name}, which failed"
    if need.state is State.WAITING and need.reason is not None:
      return State.WAITING, need.reason
  if all(need.state is State.DONE for need in needed):
    return State.TO_DO, None
  return State.WAITING, None
