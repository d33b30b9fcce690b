"""Keeps a library from spoiling the screen while it is imported."""

from collections.abc import Iterator
import contextlib
import os

from rich.progress import Progress


@contextlib.contextmanager
def standard_error() -> Iterator[None]:
  """Discards what is written to file descriptor 2 inside the block.

  TensorFlow's C++ writes there before any of its own settings count. An
  exception still tells its story: Python prints it after the block.
  """
  kept = os.dup(2)
  nowhere = os.open(os.devnull, os.O_WRONLY)
  os.dup2(nowhere, 2)
  os.close(nowhere)
  try:
    yield
  finally:
    os.dup2(kept, 2)
    os.close(kept)


@contextlib.contextmanager
def at_rest(progress: Progress) -> Iterator[None]:
  """Stops a display for the block, in which TensorFlow may be imported.

  On the way etils puts a function of its own in the place of Python's import:
  a display that is drawn from another thread would stumble over it.

  Args:
    progress: the display; it is started again if it was being drawn.
  """
  drawing = progress.live.is_started
  progress.stop()
  try:
    yield
  finally:
    if drawing:
      progress.start()
