"""Fills in a template: {{name}} becomes a value, or its line goes.

The templates lie where people find, copy and edit them: in launch/ at the top
of the checkout, which comes along as the package of files named here.
"""

from collections.abc import Mapping
import importlib.resources
import re

from forgetting.config import InputError

_HOLE = re.compile(r"\{\{(\w+)\}\}")


def shipped(name: str) -> str:
  """The text of a file of launch/.

  Args:
    name: of the file.
  """
  return (
    importlib.resources.files("forgetting.launch.files") / name
  ).read_text()


def fill(text: str, values: Mapping[str, str | None], *, where: str) -> str:
  """The text with its holes filled.

  Args:
    text: of the template.
    values: name of a hole -> what goes there; None leaves out every line with
      that hole.
    where: the template's name, for messages.

  Raises:
    InputError: a hole that nothing fills.
  """
  out = []
  for line in text.splitlines():
    holes = _HOLE.findall(line)
    for name in holes:
      if name not in values:
        raise InputError(
          f"{where}: found {{{{{name}}}}}, expected some of {', '.join(values)}"
        )
    if any(values[name] is None for name in holes):
      continue
    out.append(_HOLE.sub(lambda hole: str(values[hole[1]]), line))
  return "\n".join(out) + "\n"
