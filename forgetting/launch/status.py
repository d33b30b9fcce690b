"""What has become of a study's runs, in words, and how long the rest takes."""

from collections.abc import Mapping, Sequence
import dataclasses

from forgetting.config import Run
from forgetting.config.names import domain_name, short
from forgetting.records import StudyDirectory, state, text_table
from forgetting.records.state import Became, State
from forgetting.storage import places


@dataclasses.dataclass(frozen=True)
class Status:
  """What has become of one run, and how far it is.

  Attributes:
    step: of its last record, of a run that is under way; else 0.
  """

  became: Became
  step: int = 0

  @property
  def run(self) -> Run:
    """Which one."""
    return self.became.run

  @property
  def state(self) -> State:
    """In a word."""
    return self.became.state

  @property
  def seconds(self) -> float | None:
    """Wall time that it took; None before it is done."""
    done = self.state is State.DONE
    return self.became.result.get("wall_seconds") if done else None

  @property
  def left(self) -> float:
    """The part of its steps that is to be taken; of a run out of reach none."""
    if self.state in (State.RUNNING, State.QUEUED, State.TO_DO):
      return 1 - self.step / self.run.steps
    # one that waits for a run that failed comes after somebody has looked
    reached = self.state is State.WAITING and self.became.reason is None
    return float(reached)


def statuses(
  study: StudyDirectory,
  runs: Sequence[Run],
  *,
  queue: Mapping[str, State] | None = None,
) -> list[Status]:
  """What has become of runs, one each.

  Args:
    study: where their directories are.
    queue: run name -> QUEUED or RUNNING, what engines' queues know.
  """
  found = state.of_runs(study, runs, queue=queue)
  under_way = [b.directory for b in found if b.state is State.RUNNING]
  records = places.each(under_way, lambda directory: directory.records())
  steps = {
    directory.path.name: of_run[-1]["step"]
    for directory, of_run in zip(under_way, records, strict=True)
    if of_run
  }
  return [Status(b, steps.get(b.run.name, 0)) for b in found]


def told(name: str, of: Sequence[Status]) -> str:
  """The states as text: a table, what went wrong and why, the time left.

  The table has a row for the runs of a size and a domain, and a column for
  each state that one of them is in.

  Args:
    name: of the study.
    of: its runs, one or more.
  """
  groups: dict[str, list[Status]] = {}
  for status in of:
    groups.setdefault(_group(status.run), []).append(status)
  there = {status.state for status in of} | {State.DONE}
  shown = [s for s in State if s in there]
  rows = [("", "runs", *map(str, shown))]
  rows += [_row(title, group, shown) for title, group in groups.items()]
  rows += [_row("all", of, shown)] if len(groups) > 1 else []
  done = sum(status.state is State.DONE for status in of)
  running = [_running(s) for s in of if s.state is State.RUNNING]
  wrong = [_wrong(s.became) for s in of if s.became.reason is not None]
  return "\n".join(
    [
      f"{name}: {done} of {len(of)} runs done",
      *text_table.lines(rows),
      *running,
      *wrong,
      _time_left(of),
    ]
  )


def _group(run: Run) -> str:
  params = short(run.model.model_params)
  without = "control" if run.is_control else "pretraining"
  kind = domain_name(run.domain) or without
  return f"{params} {kind}"


def _row(
  title: str, group: Sequence[Status], shown: Sequence[State]
) -> tuple[str, ...]:
  counts = (sum(status.state is state for status in group) for state in shown)
  return (title, str(len(group)), *map(str, counts))


def _running(status: Status) -> str:
  return f"running: {status.run.name}, step {status.step} of {status.run.steps}"


def _wrong(became: Became) -> str:
  line = f"{became.state}: {became.run.name}: {became.reason}"
  log = became.directory.log
  return f"{line} (see {log})" if log.exists() else line


def _time_left(of: Sequence[Status]) -> str:
  """What is left, at the rate of done runs of its kind and size."""
  left = [status for status in of if status.left]
  if not left:
    return "nothing is left to do"
  took, did = {}, {}
  for status in of:
    if status.seconds is not None:
      for key in (_kind(status.run), None):
        took[key] = took.get(key, 0.0) + status.seconds
        did[key] = did.get(key, 0) + status.run.flops
  if not did:
    return "time left: not known before a run is done"
  seconds = 0.0
  for status in left:
    key = _kind(status.run) if _kind(status.run) in did else None
    seconds += took[key] / did[key] * status.run.flops * status.left
  at_once = max(1, sum(status.state is State.RUNNING for status in of))
  return f"time left: about {_clock(seconds / at_once)} with {at_once} at once"


def _kind(run: Run) -> tuple:
  return run.model.model_params, run.parent is None


def _clock(seconds: float) -> str:
  minutes = round(seconds) // 60
  return f"{minutes // 60}:{minutes % 60:02d}:{round(seconds) % 60:02d}"
