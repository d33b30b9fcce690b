"""Curves of runs in a tracker, sent by a process beside the runs.

It reads the run directories as they grow. So a tracker that is down, slow or
missing stops no run, and its client is in no process that trains.
"""

from collections.abc import Callable, Iterator, Sequence
import contextlib
import multiprocessing
from multiprocessing.connection import Connection
import os
import pathlib
import signal
import threading
import time
import traceback

from forgetting.config import Run
from forgetting.records import StudyDirectory
from forgetting.records import log as run_log
from forgetting.storage import places
from forgetting.study import curves
from forgetting.study.trackers import TRACKERS

EVERY, EVERY_IN_BUCKET = 5.0, 30.0  # seconds between looks at the records
AGAIN = 60.0  # seconds until a tracker that failed is tried again
PATIENCE = 30.0  # seconds of silence that the end of a study waits for it


@contextlib.contextmanager
def following(
  tracker: str | None,
  study: StudyDirectory,
  runs: Sequence[Run],
  say: Callable[[str], object],
) -> Iterator[None]:
  """Sends the runs' curves to a tracker while the block runs.

  What was sent before, by whatever process, is not sent again; runs that are
  done and were never sent are. At the end what is missing is sent.

  Args:
    tracker: of `TRACKERS`; None: nothing is sent.
    study: where the runs' directories are.
    runs: to follow.
    say: is told, once and in one line, that the tracker fails.
  """
  if tracker is None:
    yield
    return
  spawn = multiprocessing.get_context("spawn")
  ours, theirs = spawn.Pipe()
  process = spawn.Process(
    target=_serve, args=(theirs, tracker, study, tuple(runs)), daemon=True
  )
  process.start()
  theirs.close()
  heard = _Listening(ours, say)
  try:
    yield
  finally:
    try:
      with contextlib.suppress(OSError):  # it has ended already
        ours.send(None)
      while process.is_alive() and heard.silent < PATIENCE:
        process.join(0.1)
    finally:
      if process.is_alive():
        process.kill()
        say(f"{tracker} does not take the rest: the same command sends it")


class _Listening:
  """Passes on what the process says, in a thread of its own."""

  def __init__(self, pipe: Connection, say: Callable[[str], object]):
    self._pipe, self._say = pipe, say
    self._heard = time.monotonic()
    threading.Thread(target=self._listen, daemon=True).start()

  @property
  def silent(self) -> float:
    """Seconds since a sign of life."""
    return time.monotonic() - self._heard

  def _listen(self) -> None:
    with contextlib.suppress(EOFError, OSError):
      while True:
        line = self._pipe.recv()
        self._heard = time.monotonic()
        if line:
          self._say(line)


def _serve(
  pipe: Connection, tracker: str, study: StudyDirectory, runs: Sequence[Run]
) -> None:
  """The life of the process: it ends after the one that started it."""
  for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
  with _speaking_to_a_file(study):
    follow(pipe, tracker, study, runs)


def _speaking_to_a_file(study: StudyDirectory):
  """Clients talk much: it is kept, and not shown."""
  if places.is_remote(study.path):
    return run_log.taking_output(pathlib.Path(os.devnull))
  return run_log.taking_output(study.path / "tracker.log")


def follow(
  pipe: Connection, tracker: str, study: StudyDirectory, runs: Sequence[Run]
) -> None:
  """Sends what is new until the other end says that nothing more comes.

  Args:
    pipe: is sent a line to show, or "" as a sign of life; it says the end by
      sending anything, or by being closed.
    tracker: of `TRACKERS`.
    study: where the runs' directories are.
    runs: to follow.
  """
  every = EVERY_IN_BUCKET if places.is_remote(study.path) else EVERY
  left = [
    curves.Sending(study, run, tracker=tracker, open_curve=TRACKERS[tracker])
    for run in runs
  ]
  over, said, wait = False, False, 0.0
  while left and not over:
    over = pipe.poll(wait)
    wait = every
    try:
      for curve in list(left):
        if curve.send():
          left.remove(curve)
          _tell(pipe, "")
    except Exception as error:  # of a client, a file system, a network
      traceback.print_exc()
      wait = AGAIN
      if not said:
        _tell(pipe, _why(tracker, error))
      said = True
      if isinstance(error, ImportError):
        return
  curves.close_all(left)


def _tell(pipe: Connection, line: str) -> None:
  with contextlib.suppress(OSError):  # whoever asked for it is no more
    pipe.send(line)


def _why(tracker: str, error: Exception) -> str:
  if isinstance(error, ImportError):
    return (
      f"--log {tracker}: its client is missing ({error}); pip install"
      f" 'forgetting[{tracker}]'. The runs go on without it"
    )
  told = f"{type(error).__name__}: {error}".splitlines()[0]
  return (
    f"--log {tracker}: {told}. The runs go on; it is tried again, and what is"
    " missing is sent then"
  )
