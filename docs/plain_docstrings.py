"""Lets docstrings, written to be read as text, be read as pages too.

An indented block becomes code and `<root>` stays what it is, where Markdown
would run the lines together and take the brackets for HTML.
"""

import re

import griffe

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):$")
_SPAN = re.compile(r"(`[^`]*`)")


def as_markdown(text: str) -> str:
  """A docstring as the Markdown that shows it as it is."""
  lines, in_section, in_block, blank = [], False, False, True
  for line in text.splitlines():
    indented = line.startswith("  ")
    if line and not indented:
      in_section = _SECTION.match(line) is not None
    in_block = indented and not in_section and (in_block or blank)
    lines.append(f"  {line}" if in_block else _escaped(line))
    blank = not line
  return "\n".join(lines)


def _escaped(line: str) -> str:
  parts = _SPAN.split(line)
  parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
  return "".join(parts)


class PlainDocstrings(griffe.Extension):
  """What mkdocstrings loads."""

  def on_object(self, *, obj: griffe.Object, **_) -> None:
    if obj.docstring:
      obj.docstring.value = as_markdown(obj.docstring.value)
