"""The command's verbs: all is parsed before anything is done.

So what tyro says of arguments that cannot be is not mixed with what a verb
prints, and fits on a line.
"""

from collections.abc import Callable, Iterator, Sequence
import contextlib
import difflib
import functools
import inspect
import io
import os
import re

import tyro

from forgetting.cli.numbers import REGISTRY
from forgetting.config.errors import InputError

OWN = ("-h", "--help")  # options without a verb, beside tyro's completions
Todo = Callable[[], int]
NAME = "forgetting"
WIDE = "10000"  # columns: no line of tyro's is broken
NAMES_DEPTH = 5  # characters before the name of an option in tyro's boxes


class Verbs(tyro.extras.SubcommandApp):
  """Verbs by name; `parse` gives what is to be done, not yet done."""

  def command(self, function: Callable[..., int]) -> Callable[..., int]:
    """Registers a verb; gives it back as it is.

    Args:
      function: does it and returns the exit code. Its name is the verb's, its
        docstring and annotations make the help.
    """

    @functools.wraps(function)
    def later(*values, **named) -> Todo:
      return functools.partial(function, *values, **named)

    # tyro reads the wrapped function's docstring, and would break the lines of
    # an option's help where the source does
    later.__signature__ = inspect.signature(function)
    del later.__wrapped__
    later.__doc__ = re.sub(r"\n {4,}", " ", inspect.cleandoc(function.__doc__))
    # import_, which is a word of Python, is the verb import
    name = function.__name__.rstrip("_").replace("_", "-")
    super().command(name=name)(later)
    return function

  def parse(self, arguments: Sequence[str], *, description: str) -> Todo:
    """The verb with its arguments, not yet called.

    Args:
      arguments: what follows the program's name.
      description: the program's, for its help.

    Raises:
      InputError: arguments that cannot be, in one line.
      SystemExit: help was asked for and is printed.
    """
    self._check_verb(arguments)
    given = dict(
      args=[*arguments],
      prog=NAME,
      description=description,
      registry=REGISTRY,
    )
    if {"-h", "--help"} & {*arguments}:
      return self.cli(**given)
    told = io.StringIO()
    try:
      with contextlib.redirect_stderr(told), _columns(WIDE):
        return self.cli(**given)
    except SystemExit as stop:
      if not stop.code:
        raise
      line = in_a_line(told.getvalue())
      raise InputError(f"{line}; {_see(arguments[0])}") from None

  def _check_verb(self, arguments: Sequence[str]) -> None:
    verbs = [*self._subcommands]
    verb = arguments[0]
    if verb in verbs or verb in OWN or verb.startswith("--tyro-"):
      return
    if verb.startswith("-"):
      raise InputError(
        f"found {verb} first, expected a verb before it; {_see()}"
      )
    close = difflib.get_close_matches(verb, verbs, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(
      f"found the verb {verb!r}, expected one of {', '.join(verbs)}; {meant}"
      + _see()
    )


@contextlib.contextmanager
def _columns(number: str) -> Iterator[None]:
  """The terminal is so wide; afterwards it is what it was."""
  before = os.environ.get("COLUMNS")
  os.environ["COLUMNS"] = number
  try:
    yield
  finally:
    if before is None:
      del os.environ["COLUMNS"]
    else:
      os.environ["COLUMNS"] = before


def in_a_line(box: str) -> str:
  """What tyro says in a box, as a line: the matter, and the options it names.

  Args:
    box: an error of tyro's, drawn with box characters.
  """
  lines = [line.strip("│") for line in box.splitlines() if line[:1] == "│"]
  parts: list[tuple[str, list[str]]] = []
  for line in lines:
    depth = len(line) - len(line.lstrip())
    if not line.strip(" ─") or line.lstrip().startswith(("For full", NAME)):
      continue
    if depth < NAMES_DEPTH:
      parts.append((line.strip().rstrip("."), []))
    elif depth == NAMES_DEPTH and parts:
      parts[-1][1].append(line.strip())
  told = [
    f"{what} {', '.join(dict.fromkeys(names))}".strip()
    for what, names in parts
    if not what.startswith("Argument helptext")
  ]
  return "; ".join(told) or " ".join(box.split())


def _see(verb: str = "") -> str:
  whose = f"{NAME} {verb}" if verb else NAME
  return f"see: {whose} --help"
