"""The page's HTML, style and scripts: files beside this one."""

import functools
from importlib import resources
import string


@functools.cache
def text(name: str) -> str:
  """Reads the file templates/<name>."""
  folder = resources.files("forgetting.report") / "templates"
  return (folder / name).read_text(encoding="utf-8")


def fill(name: str, **values: str) -> str:
  """Fills in a template.

  Args:
    name: the file in templates/.
    values: $name -> HTML.
  """
  return string.Template(text(name)).substitute(values)
