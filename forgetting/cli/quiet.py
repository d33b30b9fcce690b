"""What `--quiet` keeps from being printed, and what is told all the same."""

from collections.abc import Iterator
import contextlib
import os
import sys
import warnings

from forgetting.config import TableWarning

_errors = []  # where a verb that is quiet tells errors all the same


@contextlib.contextmanager
def silence() -> Iterator[None]:
  """Nothing is printed; errors are, by `say`."""
  _errors.append(sys.stderr)
  try:
    with (
      open(os.devnull, "w") as nowhere,
      contextlib.redirect_stdout(nowhere),
      contextlib.redirect_stderr(nowhere),
    ):
      yield
  finally:
    _errors.pop()


def tell_warnings() -> None:
  """Tells of a table what `TableWarning` says, a line each, and each once."""
  told = warnings.showwarning
  before: set[str] = set()  # Python forgets when something resets its filters

  def show(message, category, *where, **named) -> None:
    if issubclass(category, TableWarning):
      if str(message) not in before:
        print(f"forgetting: {message}", file=sys.stderr)
      before.add(str(message))
    else:
      told(message, category, *where, **named)

  warnings.showwarning = show
  warnings.simplefilter("once", TableWarning)


def say(line: str) -> None:
  """Tells a line on standard error, under the program's name."""
  where = _errors[-1] if _errors else sys.stderr
  print(f"forgetting: {line}", file=where)
