"""What has become of a study's runs, and how long the rest will take."""

from collections.abc import Mapping, Sequence
import dataclasses
import pathlib

from forgetting.config import Run, Study
from forgetting.config.names import domain_name, short
from forgetting.records import RunDirectory
from forgetting.records import log as run_log
from forgetting.storage import places

WORDS = ("done", "running", "waiting", "failed")


@dataclasses.dataclass(frozen=True)
class State:
  """Of one run.

  Attributes:
    word: of WORDS.
    reason: why it failed, one line.
    log: where more is said.
    seconds: wall time that it took, of a done one.
    step: of its last record, of a running one.
  """

  run: Run
  word: str
  reason: str | None = None
  log: pathlib.Path | None = None
  seconds: float | None = None
  step: int = 0

  @property
  def part(self) -> float:
    """Of its steps, done so far."""
    return self.step / self.run.steps


def states(
  study: Study, runs: Sequence[Run], *, root: str, queue: Mapping[str, str]
) -> list[State]:
  """One a run; `queue`: what the engine knows, name -> waiting or running."""
  out, failed = [], set()
  directories = [RunDirectory.of(root, study.name, run) for run in runs]
  named = {run.name: run for run in runs}
  found = places.each(
    directories, lambda d: _state(named[d.path.name], d, queue)
  )
  for run, state in zip(runs, found, strict=True):
    lost = [need.name for need in run.needs if need.name in failed]
    if state.word == "waiting" and lost and run.name not in queue:
      reason = f"needs {lost[0]}, which failed"
      state = dataclasses.replace(state, word="failed", reason=reason)
    if state.word == "failed":
      failed.add(run.name)
    out.append(state)
  return out


def _state(run: Run, directory: RunDirectory, queue) -> State:
  log = directory.path / run_log.NAME
  if result := directory.result():
    if result["status"] == "diverged":
      return State(run, "failed", f"diverged: {result['stop_reason']}", log)
    return State(run, "done", seconds=result.get("wall_seconds"))
  if run.name in queue:
    records = directory.records() if queue[run.name] == "running" else ()
    step = records[-1]["step"] if records else 0
    return State(run, queue[run.name], log=log, step=step)
  if reason := run_log.first_error(log):
    return State(run, "failed", reason, log)
  return State(run, "waiting")


def told(study: Study, of: Sequence[State]) -> str:
  """The states as text: a table, what failed and why, the time left."""
  groups: dict[str, list[State]] = {}
  for state in of:
    groups.setdefault(_group(state.run), []).append(state)
  rows = [("", "runs", *WORDS)]
  rows += [_row(name, group) for name, group in groups.items()]
  rows += [_row("all", of)] if len(groups) > 1 else []
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  lines = [f"{study.name}: {_of_all(of)}"]
  for first, *rest in rows:
    cells = (c.rjust(w) for c, w in zip(rest, widths[1:], strict=True))
    lines.append("  ".join([first.ljust(widths[0]), *cells]))
  lines += [_running(state) for state in of if state.word == "running"]
  lines += [_failed(state) for state in of if state.word == "failed"]
  return "\n".join([*lines, _time_left(of)])


def _group(run: Run) -> str:
  params = short(run.model.model_params)
  kind = domain_name(run.domain) if run.parent else "pretraining"
  return f"{params} {kind}"


def _row(name: str, group: Sequence[State]) -> tuple[str, ...]:
  counts = (sum(state.word == word for state in group) for word in WORDS)
  return (name, str(len(group)), *map(str, counts))


def _of_all(of: Sequence[State]) -> str:
  done = sum(state.word == "done" for state in of)
  return f"{done} of {len(of)} runs done"


def _running(state: State) -> str:
  return f"running: {state.run.name}, step {state.step} of {state.run.steps}"


def _failed(state: State) -> str:
  line = f"failed: {state.run.name}: {state.reason}"
  there = state.log and state.log.exists()
  return f"{line} (see {state.log})" if there else line


def _time_left(of: Sequence[State]) -> str:
  """What is left, at the rate of done runs of its kind and size."""
  left = [state for state in of if state.word in ("running", "waiting")]
  if not left:
    return "nothing is left to do"
  took, did = {}, {}
  for state in of:
    if state.seconds is not None:
      for key in (_kind(state.run), None):
        took[key] = took.get(key, 0.0) + state.seconds
        did[key] = did.get(key, 0) + state.run.flops
  if not did:
    return "time left: not known before a run is done"
  seconds = 0.0
  for state in left:
    run = state.run
    key = _kind(run) if _kind(run) in did else None
    seconds += took[key] / did[key] * run.flops * (1 - state.part)
  at_once = max(1, sum(state.word == "running" for state in of))
  return f"time left: about {_clock(seconds / at_once)} with {at_once} at once"


def _kind(run: Run) -> tuple:
  return run.model.model_params, run.parent is None


def _clock(seconds: float) -> str:
  minutes = round(seconds) // 60
  return f"{minutes // 60}:{minutes % 60:02d}:{round(seconds) % 60:02d}"
