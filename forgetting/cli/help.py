"""What `--help` prints: a screen, its options grouped by what they are about.

tyro draws a box for each group and takes two lines for most options: twice a
screen. What it says is kept and laid out anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
import dataclasses
import inspect
import re
import shutil
import textwrap

LEAST, MOST = 60, 100  # columns
NAMES = 22  # columns for the name of an option; a longer one is wider alone
# headings, and the options below them; all others are what is asked
ASKED = "what is asked"
HEADINGS = {
  "where": (
    *("--root", "--on", "--profile", "--workers", "--slots"),
    *("--chip", "--devices", "--mfu", "--at"),
  ),
  "how it is told, and what is kept": (
    *("--status", "--dry-run", "--names", "--json", "--out"),
    *("--save-every", "--keep-best", "--log"),
  ),
}
# of a group that is neither tyro's "options" nor under a heading above
OTHERS = {"text": "on what text", "mixed": "with --for, of the rows it mixes"}
NOTHING = {"None", "False", "''", ""}  # defaults that say nothing


@dataclasses.dataclass(frozen=True)
class Option:
  """A line of a verb's help.

  Attributes:
    name: with what follows it, as "--root DIR".
    text: what it is.
    group: the title of tyro's box.
    required: it has to be given.
  """

  name: str
  text: str
  group: str
  required: bool

  @property
  def heading(self) -> str:
    """What it stands under; empty: it is positional."""
    name = self.name.split()[0]
    if self.group == "positional arguments":
      return ""
    for heading, names in HEADINGS.items():
      if name in names:
        return heading
    return OTHERS.get(self.group.removesuffix(" options"), ASKED)


def of_program(
  name: str, about: str, groups: Mapping[str, Sequence[Callable]]
) -> str:
  """What the program's own help says: a line a verb.

  Args:
    name: of the program.
    about: what it is for.
    groups: heading -> its verbs.
  """
  lines = [f"{name} VERB ...", *_wrapped(about)]
  for heading, verbs in groups.items():
    lines += ["", heading]
    for verb in verbs:
      lines += _entry(verb_name(verb), _said(verb)[0])
  return "\n".join([*lines, "", f"{name} VERB --help explains one"])


def of_verb(name: str, verb: Callable, boxes: str) -> str:
  """What a verb's help says.

  Args:
    name: of the program.
    verb: its docstring's first line, examples and words are taken.
    boxes: tyro's help of it, no line broken.
  """
  options = [*options_of(boxes)]
  places = [o.name for o in options if not o.heading]
  needed = [o.name for o in options if o.required and o.heading]
  usage = " ".join([name, verb_name(verb), *places, *needed, "[options]"])
  first, words, examples = _said(verb)
  lines = [*_wrapped(usage), *_wrapped(first)]
  for paragraph in words:
    lines += ["", *_wrapped(paragraph)]
  lines.append("")
  for heading in dict.fromkeys(["", ASKED, *OTHERS.values(), *HEADINGS]):
    under = [o for o in options if o.heading == heading]
    lines += [heading] if heading and under else []
    for option in under:
      lines += _entry(option.name, option.text)
  lines += ["examples" if len(examples) > 1 else "example"]
  for example in examples:
    lines += _wrapped(example, "  ")
  return "\n".join(lines)


def verb_name(verb: Callable) -> str:
  """What is typed for a function: import_, a word of Python, is import."""
  return verb.__name__.rstrip("_").replace("_", "-")


def options_of(boxes: str) -> Iterator[Option]:
  """The options that tyro's boxes tell, in their order.

  Args:
    boxes: tyro's help, no line broken.
  """
  group, names, told = "", "", []
  for line in boxes.splitlines():
    if match := re.match(r"╭─ (.*?) ─", line):
      group, names, told = match[1], "", []
      continue
    if names and (line[:1] == "╰" or line[2:3] != " "):
      text = " ".join(told)
      needed = text.endswith("(required)")
      yield Option(_plain_name(names), _plain(text), group, needed)
      names, told = "", []
    if line[:1] != "│":
      continue
    inner = line.strip("│")[1:].rstrip()
    if inner[:1] == " " and names:
      told.append(inner.strip())
    elif inner[:1] == "-" or group == "positional arguments":
      names, *told = re.split(" {2,}", inner, maxsplit=1)
      if names.startswith("-h,"):
        names = ""


def _plain_name(name: str) -> str:
  name = re.sub(r"\[+(\w+) \[\1 \.\.\.\]+", r"\1...", name)
  name = name.replace("{None}|", "")
  return re.sub(r"\{([\w,-]+)\}", lambda m: m[1].replace(",", "|"), name)


def _plain(text: str) -> str:
  """Without what says nothing, and defaults in brackets."""
  match = re.fullmatch(r"(.*?)\s*\((default: .*|required|repeatable)\)", text)
  if match is None:
    return text
  said, kind = match.groups()
  default = kind.removeprefix("default: ")
  if kind == "required":
    return said
  if kind == "repeatable" or default in NOTHING:
    return said
  return f"{said} [{default}]"


def _said(verb: Callable) -> tuple[str, list[str], list[str]]:
  """Of a docstring: its first line, other paragraphs, and its examples."""
  text = inspect.getdoc(verb) or ""
  text = re.split(r"\n\n(?:Args|Returns|Raises):", text)[0]
  first, *rest = (" ".join(part.split()) for part in text.split("\n\n"))
  examples = [part for part in rest if re.match(r"Examples?: ", part)]
  words = [part for part in rest if part not in examples]
  return first, words, examples[0].split(": ", 1)[1].split("; ")


def _entry(name: str, text: str) -> list[str]:
  """A name and what it is, beside each other."""
  start = f"  {name.ljust(NAMES)}  "
  hanging = " " * (NAMES + 4)
  return _lines(text, start, hanging) or [start.rstrip()]


def _wrapped(text: str, indent: str = "") -> list[str]:
  return _lines(text, indent, indent + "  " * bool(indent))


def _lines(text: str, first: str, others: str) -> list[str]:
  """A text as lines that the terminal shows whole."""
  columns = shutil.get_terminal_size((MOST, 0)).columns
  return textwrap.wrap(
    text,
    min(max(columns, LEAST), MOST),
    initial_indent=first,
    subsequent_indent=others,
    break_long_words=False,
    break_on_hyphens=False,
  )
