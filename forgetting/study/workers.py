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
import time

from forgetting.config import Run
from forgetting.config.saves import Saves
from forgetting.cost.memory import keep_freed_memory, peak_memory
from forgetting.cost.parts import parts_here
from forgetting.records import StudyDirectory
from forgetting.runs.options import RunOptions
from forgetting.runs.starts import Starts
from forgetting.study.outcomes import Outcome, outcomes_of
from forgetting.study.seats import Seat


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerOptions:
  """What every worker of a study is told.

  Attributes:
    study: where its runs' directories are.
    saves: what of a run is kept beside its results.
    compilation_cache: folder of compiled programs.
    slots: runs that a worker trains together; None: as its seat likes.
  """

  study: StudyDirectory
  saves: Saves
  compilation_cache: str
  slots: int | None = None


class WorkerDied(Exception):
  """The process ended without an answer; its run is to be done again."""


class Worker:
  """A process that does runs, one after another or together.

  Attributes:
    seat: where it runs.
    runs: name -> run under way.
  """

  def __init__(self, options: WorkerOptions, seat: Seat):
    """Starts the process.

    Args:
      options: what it is told.
      seat: where it runs.
    """
    spawn = multiprocessing.get_context("spawn")
    self._connection, theirs = spawn.Pipe()
    self._process = spawn.Process(target=_serve, args=(theirs, options, seat))
    with _environment(seat.environment):
      self._process.start()
    theirs.close()
    self.seat = seat
    self.runs: dict[str, Run] = {}

  @property
  def pid(self) -> int:
    """Of its process."""
    return self._process.pid

  def start(self, runs: Iterable[Run]) -> None:
    """Begins runs.

    Args:
      runs: of one shape; `answer` tells of each once.
    """
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
    """Waits for the end of the process, which comes once it has no runs."""
    self._connection.close()
    self._process.join()


def wait(workers: list[Worker], timeout: float) -> list[Worker]:
  """Those of the workers that have an answer, or have died.

  Args:
    timeout: seconds after which there may be none.
  """
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


def _serve(pipe, given: WorkerOptions, seat: Seat) -> None:
  """The worker's life: runs, their outcomes, more, until the pipe closes."""
  start = time.perf_counter()
  stopping = _stop_on_sigterm()
  if seat.core is not None:
    # before JAX counts its cores
    os.sched_setaffinity(0, {seat.core})
  compilations = load_jax(given.compilation_cache)
  facts = {"import_seconds": time.perf_counter() - start}
  options = RunOptions(
    study=given.study,
    executor=seat.executor,
    saves=given.saves,
    parts=parts_here,
    stop=stopping,
  )
  starts, slots = Starts(), given.slots or seat.slots
  while not stopping():
    try:
      runs = pipe.recv()
    except EOFError:
      return
    for outcome in outcomes_of(runs, options, slots=slots, starts=starts):
      facts |= dict(pid=os.getpid(), peak_memory_bytes=peak_memory())
      worker = facts | dataclasses.asdict(compilations)
      with contextlib.suppress(BrokenPipeError):
        pipe.send(dataclasses.replace(outcome, worker=worker))


def _stop_on_sigterm():
  asked = []
  signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
  # Ctrl-C reaches the whole group; the study's process passes it on
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  return lambda: bool(asked)


def load_jax(compilation_cache: str):
  """Imports JAX and all that a run needs; keeps its memory between steps.

  Args:
    compilation_cache: folder of compiled programs.

  Returns:
    `training.compilation.Compilations`, which count from now on.
  """
  keep_freed_memory()
  # the saves of a fleet's runs fall on one time, 15 files each
  most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
  resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
  from forgetting.training import compilation, loop, processes  # noqa: F401

  processes.dispatch_here()
  return compilation.use_cache(pathlib.Path(compilation_cache))
