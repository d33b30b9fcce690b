"""Folders that one of several test processes makes, for all of them."""

from collections.abc import Callable
import fcntl
import os
import pathlib

import pytest


def made_once(
  factory: pytest.TempPathFactory,
  name: str,
  make: Callable[[pathlib.Path], None],
) -> pathlib.Path:
  """A folder that one process of this test session makes, for all of them.

  Args:
    factory: of the process.
    name: of the folder.
    make: fills it.
  """
  own = factory.getbasetemp()
  shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
  folder, made = shared / f"shared-{name}", shared / f"shared-{name}.made"
  with open(shared / f"shared-{name}.lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not made.exists():
      folder.mkdir()
      make(folder)
      made.touch()
  return folder
