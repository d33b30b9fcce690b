"""The one kind of error that people see, and of warning."""

from collections.abc import Iterator
import contextlib
import os
import reprlib


class InputError(ValueError):
  """Bad input, told in one line: found, expected, what to do about it."""


class TableWarning(UserWarning):
  """A line about rows that were left out, or names that look alike."""


@contextlib.contextmanager
def readable(file: str | os.PathLike) -> Iterator[None]:
  """Tells in a line that a file cannot be read, as for want of permission.

  Args:
    file: that is read within; that it is not there is told elsewhere.

  Raises:
    InputError: it cannot be read.
    FileNotFoundError: it is not there.
  """
  try:
    yield
  except FileNotFoundError:
    raise
  except OSError as error:
    why = error.strerror or type(error).__name__
    raise InputError(f"{os.fspath(file)}: cannot be read ({why})") from error


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


def shown(value: object) -> str:
  """A value as a message shows it: on one line, its middle left out if long."""
  return " ".join(_short.repr(value).split())
