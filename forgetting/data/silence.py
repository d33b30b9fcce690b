"""Keeps a library from spoiling the screen while it is imported."""

from collections.abc import Iterator
import contextlib
import os

from rich.progress import Progress


@contextlib.contextmanager
def standard_error() -> Iterator[None]:
  """Nothing reaches file descriptor 2 inside the block.

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


def import_tasks(progress: Progress):
  """TensorFlow, seconds to import, with the display at rest.

  On the way etils puts a function of its own in the place of Python's import:
  a display that is drawn from another thread would stumble over it.
  """
  drawing = progress.live.is_started
  progress.stop()
  try:
    from forgetting.data import tasks
  finally:
    if drawing:
      progress.start()
  return tasks
