"""Does a study's runs in dependency order, skipping what is done."""

import collections
from collections.abc import Iterable, Sequence
import contextlib
import pathlib
import signal
import time

from forgetting.config import InputError, Run, Study, domain_name
from forgetting.config.checks import check
from forgetting.config.saves import Saves
from forgetting.data import cache, sources, store
from forgetting.records import RunDirectory, plan_file
from forgetting.records import log as run_log
from forgetting.runs import text as run_text
from forgetting.runs.fleets import shape_of
from forgetting.storage import claims, places
from forgetting.study import seats
from forgetting.study import workers as workers_lib
from forgetting.study.progress import Progress
from forgetting.study.seats import Seat
from forgetting.study.summary import Summary
from forgetting.study.workers import Outcome, Place, Worker, WorkerDied

HELD_AGAIN = 5.0  # seconds until another process's run is looked at again
ATTEMPTS = 3  # of a run whose worker dies, before it counts as failed


class Stopped(Exception):
  """Stopped by the user; what was under way is saved."""


def do_study(
  study: Study,
  *,
  root: str,
  workers: int | None = None,
  saves: Saves = Saves(),
  slots: int | None = None,
) -> Summary:
  """Prepares the text, then does every run that has no result yet.

  Args:
    root: results go to <root>/<study name>/.
    workers: processes; one a GPU, or one a core, by default.
    saves: what of a run is kept.
    slots: runs that a worker trains together; by default one on a core, and
      as many as a GPU is found to do fastest.

  Raises:
    InputError: before any compute, what the configs or the text cannot give.
    Stopped: on Ctrl-C or SIGTERM, after the runs under way have saved.
  """
  places.check_reached(root)
  for name, number in (("--workers", workers), ("--slots", slots)):
    check(number is None or number >= 1, name, number, "1 or more")
  runs, summary, start = study.ordered(), Summary(), time.monotonic()
  _check_names(runs)
  missing = prepare_text(runs)
  summary.failed.update(missing)
  left_out = [run for run in runs if run.domain in missing]
  summary.left_out += [run.name for run in left_out]
  runs = tuple(run for run in runs if run.domain not in missing)
  summary.text_seconds = time.monotonic() - start
  todo = _check(study, runs, root=root, summary=summary)
  if not todo:
    return summary
  taken = seats.seats()[:workers][: len(todo)]
  where = Place(
    root=root,
    study=study.name,
    saves=saves,
    compilation_cache=str(cache.root() / "compiled"),
    slots=slots,
  )
  plan_file.write(places.place(root) / study.name, tolerance=study.tolerance)
  start = time.monotonic()
  done = len(summary.skipped)
  with Progress(todo, done=done) as progress:
    _Pool(where, todo, summary, progress).work(taken)
  summary.seconds = time.monotonic() - start
  summary.write(places.place(root) / study.name / "study.json")
  return summary


def prepare_text(runs: Sequence[Run]) -> dict[str, str]:
  """Fetches and cuts the text of all runs that is not yet in the store.

  Returns:
    domains that cannot be had -> one line why; the others are prepared.

  Raises:
    InputError: pretraining text cannot be had, or no domain can.
  """
  wanted = run_text.wanted_by(runs)
  mixed = {s for run in runs for s in run_text.pretraining_sources(run)}
  for one in wanted:
    # a name that is wrong is told before any download
    sources.find(one.source)
  missing = {}
  for one in wanted:
    try:
      store.prepare(one.source, context=one.context, tokenizer=one.tokenizer)
    except InputError as error:
      if one.source in mixed:
        raise
      missing[one.source] = error
  if missing and len(missing) == len({run.domain for run in runs} - {None}):
    raise next(iter(missing.values()))
  return {source: str(error) for source, error in missing.items()}


def prepare(runs: Sequence[Run]) -> None:
  """Prepares the text of runs that are done elsewhere, from a shared cache.

  Raises:
    InputError: it cannot be had, or is not what the runs ask for.
  """
  _check_names(runs)
  for line in prepare_text(runs).values():
    raise InputError(line)
  for run in runs:
    run_text.check_text(run)


def _check(
  study: Study, runs: tuple[Run, ...], *, root: str, summary: Summary
) -> list[Run]:
  """The runs to do; refuses before compute what cannot be done."""
  todo = []
  directories = [RunDirectory.of(root, study.name, run) for run in runs]
  results = places.each(directories, RunDirectory.result)
  for run, result in zip(runs, results, strict=True):
    lost = {*summary.failed, *summary.left_out}
    if any(needed.name in lost for needed in run.needs):
      summary.left_out.append(run.name)
      continue
    if not result:
      run_text.check_text(run)
      todo.append(run)
      continue
    _check_same_text(run, result["text"])
    if result["status"] == "diverged":
      summary.failed[run.name] = f"{run.name}: {result['stop_reason']}"
    else:
      summary.skipped.append(run.name)
  return todo


def _check_same_text(run: Run, expected: dict[str, str]) -> None:
  found = run_text.text_fingerprint(run)
  for split in sorted(found.keys() | expected.keys()):
    if found.get(split) != expected.get(split):
      raise InputError(
        f"{run.name}: the text {split} has changed since it was done: found"
        f" {str(found.get(split))[:12]}, expected"
        f" {str(expected.get(split))[:12]}; give the study another name to"
        " start anew"
      )


def _check_names(runs: Iterable[Run]) -> None:
  """Tables and results tell text by name alone."""
  named = {}
  for source in dict.fromkeys(s for r in runs for s in run_text.sources_of(r)):
    name = domain_name(source)
    if name in named:
      raise InputError(
        f"text: found {named[name]!r} and {source!r}, which tables would both"
        f" call {name!r}; rename one"
      )
    named[name] = source


class _Pool:
  """Gives runs to workers: parents first, long ones first."""

  def __init__(self, place: Place, todo: list[Run], summary: Summary, progress):
    self._place = place
    self._todo = {run.name: run for run in todo}
    self._summary = summary
    self._progress = progress
    self._attempts = collections.Counter()
    self._held: dict[str, float] = {}  # name -> when to look again

  def work(self, taken: list[Seat]) -> None:
    workers = [Worker(self._place, seat) for seat in taken]
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
      self._progress.refresh()

  def _look_again(self) -> None:
    """At what other processes are doing; what they left may be started."""
    now = time.monotonic()
    for name in [name for name, when in self._held.items() if when < now]:
      run, where = self._todo[name], self._place
      directory = RunDirectory.of(where.root, where.study, run)
      if result := directory.result():
        del self._held[name]
        self._finish(run, result, self._summary.skipped)
      elif claims.held(directory.path):
        self._held[name] = now + HELD_AGAIN
      else:
        del self._held[name]

  def _next(self, workers: list[Worker], worker: Worker) -> list[Run]:
    """The costliest run whose parent is done; pretrainings before all.

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
    ready.sort(key=lambda run: (run.parent is None, run.flops), reverse=True)
    alone = (self._place.slots or worker.seat.slots) == 1
    if not ready or alone or self._attempts[ready[0].name]:
      return ready[:1]  # one at which a worker died takes no other with it
    alike = [
      run
      for run in ready
      if shape_of(run) == shape_of(ready[0]) and not self._attempts[run.name]
    ]
    return alike[:: sum(not worker.runs for worker in workers)]

  def _collect(self, worker: Worker) -> Worker:
    """Takes a worker's answer; a dead worker is replaced."""
    try:
      self._take(worker.answer())
      return worker
    except WorkerDied as died:
      for run in worker.runs.values():
        self._died(run, died)
      worker.close()
      return Worker(self._place, worker.seat)

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
      self._finish(run, outcome.result, self._summary.done)

  def _finish(self, run: Run, result: dict, names: list[str]) -> None:
    if result["status"] == "diverged":
      self._fail(run, f"{run.name}: {result['stop_reason']}")
    else:
      del self._todo[run.name]
      names.append(run.name)
      self._progress.finished(run, result)

  def _log(self, run: Run) -> pathlib.Path:
    return workers_lib.log_of(self._place, run)

  def _fail(self, run: Run, line: str) -> None:
    """Sets a run aside, and those that would start from it."""
    children = [r for r in self._todo.values() if _stands_on(r, run)]
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
