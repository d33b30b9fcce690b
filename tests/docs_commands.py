"""Shell commands of the README and the docs, out of their fenced blocks."""

import dataclasses
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).parents[1]
GUIDE = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *GUIDE]
SHELL = ("", "sh")  # languages of the blocks that may hold commands
PROGRAMS = ("forgetting", "make", "python", "pip")
OPERATORS = (">", "|", "&&", ";")


@dataclasses.dataclass(frozen=True)
class Command:
  """One line that a reader would type.

  Attributes:
    page: the file that has it.
    program, arguments: of it; what follows a pipe or `>` is left out.
  """

  page: str
  program: str
  arguments: tuple[str, ...]

  def __str__(self) -> str:
    return shlex.join([self.program, *self.arguments])


def of(page: pathlib.Path) -> list[Command]:
  """The commands of a page's fenced blocks, in order."""
  blocks = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.S | re.M)
  found = []
  for language, block in blocks:
    if language in SHELL:
      for line in block.replace("\\\n", " ").splitlines():
        found += command(page.name, line)
  return found


def spans(page: pathlib.Path) -> list[Command]:
  """`forgetting VERB ...` within a page's sentences."""
  text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)
  found = re.findall(r"`(forgetting [a-z][^`]*)`", text)
  return [
    c for span in found for c in command(page.name, " ".join(span.split()))
  ]


def command(page: str, line: str) -> list[Command]:
  """The command on a line; none where the line is no command."""
  try:
    words = shlex.split(line, comments=True)
  except ValueError:  # a quotation mark of prose
    return []
  while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
    words = words[1:]
  if not words:
    return []
  program = words[0].rpartition("/")[2]
  if program not in PROGRAMS:
    return []
  ends = [i for i, word in enumerate(words) if word in OPERATORS]
  words = words[: ends[0]] if ends else words
  return [Command(page, program, tuple(words[1:]))]


def all_commands() -> list[Command]:
  """Each command once, whatever pages have it."""
  found = [c for page in PAGES for c in of(page)]
  return [*{str(c): c for c in found}.values()]


OF_US = [c for c in all_commands() if c.program == "forgetting"]


def tutorial_study() -> str:
  text = (ROOT / "docs" / "tutorial.md").read_text()
  blocks = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
  return next(block for block in blocks if "def study" in block)
