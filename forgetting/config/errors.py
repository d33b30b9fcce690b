"""The one kind of error that people see."""


class InputError(ValueError):
  """Bad input, told in one line: found, expected, what to do about it."""
