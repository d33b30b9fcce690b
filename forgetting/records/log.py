"""log.txt of a run: what its processes said, one attempt after the other.

Whatever starts a run appends to <run directory>/log.txt: a line of `begins`,
all output of the run's processes, and a line of `ends` with the exit code.
"""

from collections.abc import Iterator
import contextlib
import datetime
import os
import pathlib
import platform
import re
import sys

NAME = "log.txt"
ENOUGH = 1 << 18  # bytes of the end of a log in which its last attempt is
# Exit codes that are no failure: done, stopped and saved, too early, another
# process is doing it.
NO_FAILURE = (0, 75, 3, 4)

_BEGINS = "=== attempt"
_ENDS = re.compile(r"^=== ended with (-?\d+)", re.MULTILINE)
_LABEL = re.compile(r"^\s*\d+: ")  # of srun --label
_ERROR = re.compile(
  r"\berror: |\bKilled\b|\b[Oo]ut [Oo]f [Mm]emory\b|\bcommand not found"
  r"|\bNo such file or directory|\bPermission denied|\bSegmentation fault"
  r"|\bcore dumped"
)
_EXITED = re.compile(r"^srun: error: .*: Exited with exit code")
_OWN = "forgetting: "
_TRACEBACK = "Traceback (most recent call last)"


def begins(how: str) -> str:
  """The line before an attempt.

  Args:
    how: what started it, in words.
  """
  now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
  return f"{_BEGINS}, {now}, {platform.node()}, {how}\n"


def ends(code: int) -> str:
  """The line after an attempt.

  Args:
    code: its exit code.
  """
  return f"=== ended with {code}\n"


def append(file: pathlib.Path, text: str) -> None:
  """Adds to a log; a log that cannot be written is no reason to fail."""
  with contextlib.suppress(OSError):
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a") as log:
      log.write(text)


@contextlib.contextmanager
def taking_output(file: pathlib.Path) -> Iterator[None]:
  """Standard output and error of this process go to a log meanwhile.

  Those of the processes that it starts do too.
  """
  try:
    file.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
  except OSError:  # the run itself will say what is wrong with the folder
    yield
    return
  _flush()
  before = {number: os.dup(number) for number in (1, 2)}
  for number in before:
    os.dup2(log, number)
  os.close(log)
  try:
    yield
  finally:
    _flush()
    for number, kept in before.items():
      os.dup2(kept, number)
      os.close(kept)


def _flush() -> None:
  sys.stdout.flush()
  sys.stderr.flush()


def first_error(file: pathlib.Path) -> str | None:
  """Why the last attempt at a run failed.

  Args:
    file: the run's log, there or not.

  Returns:
    one line; None: it did not fail, or there was none.
  """
  try:
    with open(file, "rb") as log:
      log.seek(max(0, file.stat().st_size - ENOUGH))
      text = log.read().decode(errors="replace")
  except OSError:
    return None
  return error_in(text.rpartition(_BEGINS)[2])


def error_in(attempt: str) -> str | None:
  """Why an attempt failed, by what it said.

  Args:
    attempt: from the line of `begins` on, whole or cut short.

  Returns:
    one line; None: it did not fail.
  """
  codes = _ENDS.findall(attempt)
  if codes and int(codes[-1]) in NO_FAILURE:
    return None
  lines = [_LABEL.sub("", line).rstrip() for line in attempt.splitlines()[1:]]
  for index, line in enumerate(lines):
    if line.startswith(_OWN):
      return line.removeprefix(_OWN)
    if line.startswith(_TRACEBACK):
      return _exception(lines[index + 1 :])
  told = [line for line in lines if _ERROR.search(line)]
  # srun says that a task has ended, and only then why
  for line in [*(x for x in told if not _EXITED.search(x)), *told]:
    return line
  return f"ended with exit code {codes[-1]}" if codes else None


def _exception(lines: list[str]) -> str:
  """The line that ends a traceback."""
  rest = (x for x in lines if x and not x[0].isspace())
  return next(rest, "a traceback that is cut short")
