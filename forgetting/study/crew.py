"""The workers of a study at work: who does which run, and what became of it."""

import collections
from collections.abc import Callable, Sequence
import contextlib
import pathlib
import platform
import signal
import time

from forgetting.config import Run
from forgetting.records import log as run_log
from forgetting.runs.fleets import shape_of
from forgetting.storage import claims
from forgetting.study import workers as workers_lib
from forgetting.study.first_cell import first_cell
from forgetting.study.outcomes import Outcome
from forgetting.study.progress import Progress
from forgetting.study.seats import Seat
from forgetting.study.summary import Summary
from forgetting.study.workers import Worker, WorkerDied, WorkerOptions

HELD_AGAIN = 5.0  # seconds until another process's run is looked at again
ATTEMPTS = 3  # of a run whose worker dies, before it counts as failed


class Stopped(Exception):
  """Stopped by the user; what was under way is saved."""


class Crew:
  """Gives runs to workers: one cell first, then parents, then long ones.

  A run of which the worker dies is done again; one that fails is set aside
  with all that would start from it, and the others go on.
  """

  def __init__(
    self,
    options: WorkerOptions,
    todo: Sequence[Run],
    summary: Summary,
    progress: Progress,
    after_first_cell: Callable[[], str] | None = None,
  ):
    """Takes over runs; `work` does them.

    Args:
      options: what every worker is told.
      todo: runs without a result, each after those that it needs.
      summary: is told what became of each.
      progress: shows it.
      after_first_cell: called once that is done; gives a line to show.
    """
    self._options = options
    self._first = set(first_cell(todo) if after_first_cell else ())
    self._after_first_cell = after_first_cell
    self._todo = {run.name: run for run in todo}
    self._summary = summary
    self._progress = progress
    self._attempts = collections.Counter()
    self._held: dict[str, float] = {}  # name -> when to look again

  def work(self, taken: Sequence[Seat]) -> None:
    """Does every run that can be done.

    Args:
      taken: where workers sit, one each.

    Raises:
      Stopped: on Ctrl-C or SIGTERM, after the runs under way have saved.
    """
    workers = [Worker(self._options, seat) for seat in taken]
    try:
      with _sigterm_as_interrupt():
        self._work(workers)
    except BaseException as error:
      for worker in workers:
        worker.ask_to_stop()
      if isinstance(error, KeyboardInterrupt):
        raise Stopped from None
      raise
    finally:
      for worker in workers:
        worker.close()

  def _work(self, workers: list[Worker]) -> None:
    while True:
      for worker in workers:
        if not worker.runs and (runs := self._next(workers, worker)):
          worker.start(runs)
      busy = [worker for worker in workers if worker.runs]
      if not busy and not self._held:
        return
      for worker in workers_lib.wait(busy, timeout=1.0):
        workers[workers.index(worker)] = self._collect(worker)
      self._look_again()
      self._progress.refresh(run for w in busy for run in w.runs.values())

  def _look_again(self) -> None:
    """At what other processes are doing; what they left may be started."""
    now = time.monotonic()
    for name in [name for name, when in self._held.items() if when < now]:
      run = self._todo[name]
      directory = self._options.study.of(run)
      if result := directory.result():
        del self._held[name]
        self._finish(run, result, self._summary.elsewhere)
      elif claims.held(directory.path):
        self._held[name] = now + HELD_AGAIN
      else:
        del self._held[name]

  def _next(self, workers: list[Worker], worker: Worker) -> list[Run]:
    """The costliest run whose parent is done; pretrainings before others.

    Before all of them what the first cell needs.

    With it, for one that trains runs together, its share of those of its shape.
    """
    under_way = {name for worker in workers for name in worker.runs}
    ready = [
      run
      for name, run in self._todo.items()
      if name not in under_way
      and name not in self._held
      and not any(needed.name in self._todo for needed in run.needs)
    ]
    ready.sort(key=self._urgency, reverse=True)
    alone = (self._options.slots or worker.seat.slots) == 1
    if not ready or alone or self._attempts[ready[0].name]:
      return ready[:1]  # one at which a worker died takes no other with it
    alike = [
      run
      for run in ready
      if shape_of(run) == shape_of(ready[0]) and not self._attempts[run.name]
    ]
    return alike[:: sum(not worker.runs for worker in workers)]

  def _urgency(self, run: Run) -> tuple:
    return run.name in self._first, run.parent is None, run.flops

  def _collect(self, worker: Worker) -> Worker:
    """Takes a worker's answer; a dead worker is replaced."""
    try:
      self._take(worker.answer())
      return worker
    except WorkerDied as died:
      for run in worker.runs.values():
        self._died(run, died)
      worker.close()
      return Worker(self._options, worker.seat)

  def _died(self, run: Run, died: WorkerDied) -> None:
    self._attempts[run.name] += 1
    run_log.append(self._log(run), f"error: its worker died ({died})\n")
    line = f"{run.name}: its worker died ({died})"
    if self._attempts[run.name] < ATTEMPTS:
      self._progress.say(f"{line}; the run is done again")
    else:
      self._fail(run, f"{line}, {ATTEMPTS} times")

  def _take(self, outcome: Outcome) -> None:
    run = outcome.run
    self._summary.workers[outcome.worker["pid"]] = outcome.worker
    if outcome.error:
      self._fail(run, outcome.error)
    elif outcome.held:
      self._held[run.name] = time.monotonic() + HELD_AGAIN
      self._progress.say(outcome.held)
    else:
      done, elsewhere = self._summary.done, self._summary.elsewhere
      ours = self._is_ours(run, outcome.worker["pid"])
      self._finish(run, outcome.result, done if ours else elsewhere)

  def _is_ours(self, run: Run, pid: int) -> bool:
    """Whether our worker did a run, and not another study's, just before."""
    last = self._options.study.of(run).attempt()
    us = dict(host=platform.node(), pid=pid)
    return not last or {name: last.get(name) for name in us} == us

  def _finish(self, run: Run, result: dict, names: list[str]) -> None:
    if result["status"] == "diverged":
      self._fail(run, f"{run.name}: {result['stop_reason']}")
    else:
      del self._todo[run.name]
      names.append(run.name)
      self._progress.finished(run, result)
      self._show_first(run)

  def _show_first(self, run: Run) -> None:
    """Shows the first cell if that run was the last of it."""
    if self._first == {run.name} and self._after_first_cell:
      self._progress.say(self._after_first_cell())
    self._first.discard(run.name)

  def _log(self, run: Run) -> pathlib.Path:
    return self._options.study.of(run).log

  def _fail(self, run: Run, line: str) -> None:
    """Sets a run aside, and those that would start from it."""
    children = [r for r in self._todo.values() if _stands_on(r, run)]
    if self._first & {run.name, *(child.name for child in children)}:
      self._first.clear()  # it will not be whole
    for failed in (run, *children):
      del self._todo[failed.name]
      self._held.pop(failed.name, None)
    if children:
      line += f"; {len(children)} runs that start from it are left out"
    if (log := self._log(run)).exists():
      line += f" (see {log})"
    self._summary.failed[run.name] = line
    self._summary.left_out += [child.name for child in children]
    self._progress.say(line)


def _stands_on(run: Run, other: Run) -> bool:
  return any(n == other or _stands_on(n, other) for n in run.needs)


@contextlib.contextmanager
def _sigterm_as_interrupt():
  def interrupt(*_):
    raise KeyboardInterrupt

  before = signal.signal(signal.SIGTERM, interrupt)
  try:
    yield
  finally:
    signal.signal(signal.SIGTERM, before)
