"""Worker processes: where `seats` puts them, each doing runs.

Two single-threaded processes train 1.2 to 2.5 times as much as one process
with two threads, and their bits do not depend on the number of cores.
"""

from collections.abc import Iterable, Iterator
import contextlib
import dataclasses
import multiprocessing
from multiprocessing import connection
import os
import pathlib
import resource
import signal
import sys
import time
import traceback

from forgetting.config import InputError, Run
from forgetting.config.saves import Saves
from forgetting.cost.memory import keep_freed_memory, peak_memory
from forgetting.data import cache
from forgetting.records import RunDirectory
from forgetting.records import log as run_log
from forgetting.runs import fleets
from forgetting.storage import claims
from forgetting.study.seats import Seat


@dataclasses.dataclass(frozen=True)
class Place:
  """Where a worker's runs live."""

  root: str
  study: str
  saves: Saves
  compilation_cache: str
  slots: int | None = None  # that a worker trains together; None: its seat's


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What became of one run in one worker.

  Attributes:
    result: the run's result, or None where it failed.
    error: one line, or None.
    held: one line, or None: another process is doing it.
    worker: facts of the process: seconds to import, programs compiled.
  """

  run: Run
  result: dict | None
  error: str | None
  worker: dict
  held: str | None = None


class WorkerDied(Exception):
  """The process ended without an answer; its run is to be done again."""


class Worker:
  """A process that does runs, one after another or together.

  Attributes:
    runs: name -> run under way.
  """

  def __init__(self, place: Place, seat: Seat):
    spawn = multiprocessing.get_context("spawn")
    self._connection, theirs = spawn.Pipe()
    self._process = spawn.Process(target=_serve, args=(theirs, place, seat))
    with _environment(seat.environment):
      self._process.start()
    theirs.close()
    self.seat = seat
    self.runs: dict[str, Run] = {}

  @property
  def pid(self) -> int:
    return self._process.pid

  def start(self, runs: Iterable[Run]) -> None:
    """Begins runs of one shape; each is answered for."""
    self.runs = {run.name: run for run in runs}
    with contextlib.suppress(OSError):  # it died: `answer` says so
      self._connection.send(tuple(self.runs.values()))

  def answer(self) -> Outcome:
    """The outcome of one of the runs that were started.

    Raises:
      WorkerDied: the process ended instead.
    """
    try:
      outcome = self._connection.recv()
    except (EOFError, OSError) as error:
      self._process.join()
      raise WorkerDied(f"exit code {self._process.exitcode}") from error
    del self.runs[outcome.run.name]
    return outcome

  def ask_to_stop(self) -> None:
    """The runs under way save their states and end the process."""
    if self._process.is_alive():
      self._process.terminate()

  def close(self) -> None:
    self._connection.close()
    self._process.join()


def wait(workers: list[Worker], timeout: float) -> list[Worker]:
  """Those of the workers that have an answer, or have died."""
  by_connection = {w._connection: w for w in workers}
  ready = connection.wait(list(by_connection), timeout)
  return [by_connection[c] for c in ready]


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
  """For the child: XLA and BLAS read these once, when they are loaded."""
  before = {name: os.environ.get(name) for name in values}
  os.environ.update(values)
  try:
    yield
  finally:
    for name, value in before.items():
      if value is None:
        del os.environ[name]
      else:
        os.environ[name] = value


def _serve(pipe, place: Place, seat: Seat) -> None:
  """The worker's life: runs, their outcomes, more, until the pipe closes."""
  start = time.perf_counter()
  stopping = _stop_on_sigterm()
  if seat.core is not None:
    # before JAX counts its cores
    os.sched_setaffinity(0, {seat.core})
  compilations = load_jax(place.compilation_cache)
  facts = {"import_seconds": time.perf_counter() - start}
  while not stopping():
    try:
      runs = pipe.recv()
    except EOFError:
      return
    for outcome in _outcomes(runs, place, seat, stopping):
      facts |= dict(pid=os.getpid(), peak_memory_bytes=peak_memory())
      worker = facts | dataclasses.asdict(compilations)
      with contextlib.suppress(BrokenPipeError):
        pipe.send(dataclasses.replace(outcome, worker=worker))


def _outcomes(
  runs: tuple[Run, ...], place: Place, seat: Seat, stopping
) -> Iterator[Outcome]:
  """Of runs of one shape: trained together where that is faster."""
  from forgetting.runs.run import forget_programs

  slots = place.slots or seat.slots
  if slots is None:
    from forgetting.runs import fleet_size

    slots = fleet_size.fastest(runs, folder=cache.root() / "fleets")
  left = {run.name: run for run in runs}
  while left and slots > 1:
    try:
      for outcome in _together(tuple(left.values()), slots, place, stopping):
        del left[outcome.run.name]
        yield outcome
    except Exception:  # of the fleet, as too little memory: a smaller one
      for run in left.values():
        run_log.append(log_of(place, run), traceback.format_exc())
      slots //= 2
    finally:
      forget_programs()  # a fleet's states fill the devices
  for run in left.values():
    yield _logged(run, place, seat, stopping)


def _together(
  runs: tuple[Run, ...], slots: int, place: Place, stopping
) -> Iterator[Outcome]:
  from forgetting.training.fleet import Fleet
  from forgetting.training.loop import Interrupted

  model, batch_size, micro_batches = fleets.shape_of(runs[0])
  fleet = Fleet(
    model, batch_size=batch_size, micro_batches=micro_batches, slots=slots
  )
  stopped = False
  for run in runs:
    run_log.append(log_of(place, run), run_log.begins(fleets.executor(fleet)))
  for ended in fleets.do_runs(
    runs,
    fleet,
    root=place.root,
    study=place.study,
    saves=place.saves,
    stop=stopping,
  ):
    run, result, error = ended
    log = log_of(place, run)
    if isinstance(error, Interrupted):
      stopped = True
      run_log.append(log, run_log.ends(75))
    elif isinstance(error, claims.Held):
      run_log.append(log, run_log.ends(0))
      yield Outcome(run, None, None, {}, held=str(error))
    else:
      if error:
        run_log.append(log, "".join(traceback.format_exception(error)))
      run_log.append(log, run_log.ends(1 if error else 0))
      yield Outcome(run, result, error and _line(run, error), {})
  if stopped or stopping():
    sys.exit(75)  # the study's process knows why: it asked for it


def _logged(run: Run, place: Place, seat: Seat, stopping) -> Outcome:
  """Does a run; all that it says goes to its log."""
  log = log_of(place, run)
  run_log.append(log, run_log.begins(seat.executor))
  try:
    with run_log.taking_output(log):
      outcome = _do(run, place, seat, stopping)
  except SystemExit as stopped:
    run_log.append(log, run_log.ends(stopped.code))
    raise
  run_log.append(log, run_log.ends(1 if outcome.error else 0))
  return outcome


def log_of(place: Place, run: Run) -> pathlib.Path:
  return RunDirectory.of(place.root, place.study, run).path / run_log.NAME


def _do(run: Run, place: Place, seat: Seat, stopping) -> Outcome:
  from forgetting.runs.run import do_run
  from forgetting.training.loop import Interrupted

  try:
    result = do_run(
      run,
      root=place.root,
      study=place.study,
      executor=seat.executor,
      saves=place.saves,
      stop=stopping,
    )
    return Outcome(run, result, None, {})
  except Interrupted:
    sys.exit(75)  # the study's process knows why: it asked for it
  except claims.Held as held:
    return Outcome(run, None, None, {}, held=str(held))
  except InputError as error:
    print(f"forgetting: {error}", file=sys.stderr, flush=True)
    return Outcome(run, None, _line(run, error), {})
  except Exception as error:  # a bug: its run fails, the study goes on
    traceback.print_exc()
    return Outcome(run, None, _line(run, error), {})


def _line(run: Run, error: Exception) -> str:
  """What failed, in one line."""
  if isinstance(error, InputError):
    return str(error)
  return f"{run.name}: {type(error).__name__}: {error}".splitlines()[0]


def _stop_on_sigterm():
  asked = []
  signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
  # Ctrl-C reaches the whole group; the study's process passes it on
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  return lambda: bool(asked)


def load_jax(compilation_cache: str):
  """Imports JAX and all that a run needs; keeps its memory between steps."""
  keep_freed_memory()
  # the saves of a fleet's runs fall on one time, 15 files each
  most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
  resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
  import jax

  jax.config.update("jax_cpu_enable_async_dispatch", False)
  from forgetting.training import compilation, loop  # noqa: F401

  return compilation.use_cache(pathlib.Path(compilation_cache))
