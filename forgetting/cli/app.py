"""The command's verbs: all is parsed before anything is done.

So what tyro says of arguments that cannot be is not mixed with what a verb
prints, and fits on a line.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import difflib
import functools
import inspect
import io
import itertools
import os
import re

import tyro

from forgetting.cli import help
from forgetting.cli.numbers import REGISTRY
from forgetting.config.errors import InputError

OWN = ("-h", "--help")  # options without a verb, beside tyro's completions
Todo = Callable[[], int]
NAME = "forgetting"
WIDE = "10000"  # columns: no line of tyro's is broken
# options that take several values, which may be given in several places
SEVERAL = ("--domain", "--pretraining", "--model", "--text", "--only")
NAMES_DEPTH = 5  # characters before the name of an option in tyro's boxes


def gathered(arguments: Sequence[str]) -> list[str]:
  """Arguments with the values of a repeated option behind its first place.

  `--model a --model b` is `--model a b`; of a list tyro would take the last
  option's values and drop the others without a word.

  Args:
    arguments: what follows the program's name.
  """
  groups: dict[str | int, list[str]] = {}
  now = groups.setdefault(0, [])
  for at, part in enumerate(arguments):
    name, equals, value = part.partition("=")
    if name in SEVERAL:
      now = groups.setdefault(name, [name])
      now += [value] * bool(equals)
    elif part.startswith("--"):
      now = groups.setdefault(at + 1, [part])
    else:
      now.append(part)
  return [part for group in groups.values() for part in group]


class Verbs(tyro.extras.SubcommandApp):
  """Verbs by name; `parse` gives what is to be done, not yet done.

  Args:
    groups: heading -> the verbs below it in the help: functions that do what
      is asked and return the exit code. Their names are the verbs', their
      docstrings and annotations make the help.
  """

  def __init__(self, groups: Mapping[str, Sequence[Callable[..., int]]]):
    super().__init__()
    self._groups = groups
    for verbs in groups.values():
      for verb in verbs:
        self.command(verb)

  @property
  def verbs(self) -> dict[str, Callable[..., int]]:
    """Name -> function, in the order of the help."""
    functions = itertools.chain(*self._groups.values())
    return {help.verb_name(function): function for function in functions}

  def command(self, function: Callable[..., int]) -> Callable[..., int]:
    """Registers a verb; gives it back as it is."""

    @functools.wraps(function)
    def later(*values, **named) -> Todo:
      return functools.partial(function, *values, **named)

    # tyro reads the wrapped function's docstring, and would break the lines of
    # an option's help where the source does
    later.__signature__ = inspect.signature(function)
    del later.__wrapped__
    later.__doc__ = re.sub(r"\n {4,}", " ", inspect.cleandoc(function.__doc__))
    super().command(name=help.verb_name(function))(later)
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
      args=gathered(arguments),
      prog=NAME,
      description=description,
      registry=REGISTRY,
    )
    if {*OWN} & {*arguments}:
      print(self._help(arguments[0], given))
      raise SystemExit
    told = io.StringIO()
    try:
      with contextlib.redirect_stderr(told), _columns(WIDE):
        return self.cli(**given)
    except SystemExit as stop:
      if not stop.code:
        raise
      line = in_a_line(told.getvalue())
      raise InputError(f"{line}; {_see(arguments[0])}") from None

  def _help(self, verb: str, given: Mapping) -> str:
    """Of the program, or of the verb that comes first."""
    if verb in OWN:
      return help.of_program(NAME, given["description"], self._groups)
    boxes = _Boxes()
    with (
      contextlib.redirect_stdout(boxes),
      contextlib.suppress(SystemExit),
      _columns(WIDE),
    ):
      self.cli(**given | dict(args=[verb, "--help"]))
    return help.of_verb(NAME, self.verbs[verb], boxes.getvalue())

  def _check_verb(self, arguments: Sequence[str]) -> None:
    verbs = [*self.verbs]
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


class _Boxes(io.StringIO):
  """Takes what tyro prints, which draws boxes only where UTF-8 is taken."""

  encoding = "utf-8"


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
