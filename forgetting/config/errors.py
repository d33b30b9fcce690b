"""The one kind of error that people see, and of warning."""

import reprlib


class InputError(ValueError):
  """Bad input, told in one line: found, expected, what to do about it."""


class TableWarning(UserWarning):
  """A line about rows that were left out, or names that look alike."""


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


def shown(value: object) -> str:
  """A value as a message shows it: on one line, its middle left out if long."""
  return " ".join(_short.repr(value).split())
