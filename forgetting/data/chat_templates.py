"""How a chat template turns a chat into text, and what of it counts.

The template is that of `tokenizer_config.json` or `chat_template.jinja` beside
a `tokenizer.json`; without one a chat is written plainly. Loss is on what
assistants say: the blocks that a template calls `generation`, else what a turn
adds to the prompt for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import functools
import hashlib
import json
import re
from typing import NamedTuple

from etils import epath

from forgetting.config import InputError
from forgetting.config.errors import readable
from forgetting.data.chats import ASSISTANT, Turn
from forgetting.data.tokenizers import Kind, Tokenizer

VERSION = 1
GUARD = "\x04"  # inside what a content spells like a special token
_BEGIN, _END = "\x05", "\x06"  # around what a template calls generation
_NAMES = {"system": "System", "user": "User", ASSISTANT: "Assistant"}
_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


class Rendered(NamedTuple):
  """A chat as text.

  Attributes:
    text: with `GUARD`s in it where a content spells a special token.
    spans: (first, last + 1) character of what assistants say.
  """

  text: str
  spans: list[tuple[int, int]]


Render = Callable[[Sequence[Turn]], "Rendered | None"]


def of(tokenizer: Tokenizer) -> Render:
  """What renders chats for a tokenizer; gives None for what it refuses.

  Args:
    tokenizer: with files beside its definition where it is Hugging Face's.

  Raises:
    InputError: a template, and no jinja2 to read it; or none of its grammar.
  """
  if tokenizer.kind is not Kind.HUGGING_FACE:
    return plainly
  return _of_folder(tokenizer.path)


def identity(tokenizer: Tokenizer) -> str:
  """Hash of what the text of a chat is a function of, beside its turns.

  Args:
    tokenizer: with its files.
  """
  told = f"version {VERSION}"
  if tokenizer.kind is Kind.HUGGING_FACE:
    folder = epath.Path(tokenizer.path).parent
    settings = _settings(folder)
    named = [_content(settings.get(name)) for name in _TOKENS]
    told += f"\n{_source(folder, settings)}\n{named}"
  return hashlib.sha256(told.encode()).hexdigest()


@functools.cache
def _of_folder(path: str) -> Render:
  folder = epath.Path(path).parent
  settings = _settings(folder)
  special = _special(path)
  if (source := _source(folder, settings)) is None:
    return lambda turns: plainly(
      [t._replace(content=_guarded(t.content, special)) for t in turns]
    )
  try:
    from forgetting.data import jinja_templates
  except ImportError as error:
    raise InputError(
      f"tokenizer: {path} has a chat template, read by the package jinja2;"
      " install forgetting[huggingface]"
    ) from error
  variables = {
    name: _content(settings[name]) for name in _TOKENS if settings.get(name)
  }
  fill = jinja_templates.compiled(source, f"{path}: chat template")

  def text(turns: Sequence[Turn], *, prompt: bool = False) -> str | None:
    messages = [
      dict(role=t.role, content=_guarded(t.content, special)) for t in turns
    ]
    return fill(messages=messages, add_generation_prompt=prompt, **variables)

  def render(turns: Sequence[Turn]) -> Rendered | None:
    for some in (turns, _without_system(turns)):
      if (whole := text(some)) is not None:
        if _BEGIN in whole:
          return _marked(whole)
        return Rendered(whole, _added(some, text, whole))
    return None

  return render


def plainly(turns: Sequence[Turn]) -> Rendered:
  """A chat without a template: `User: ...`, `Assistant: ...`, a blank line.

  Args:
    turns: of one chat.
  """
  text, spans = "", []
  for turn in turns:
    text += f"{_NAMES[turn.role]}: "
    start = len(text)
    text += f"{turn.content}\n\n"
    if turn.role == ASSISTANT:
      spans.append((start, len(text)))
  return Rendered(text, spans)


def _added(turns, text, whole: str) -> list[tuple[int, int]]:
  """What each assistant's turn adds to the prompt for it."""
  spans, last = [], 0
  for i, turn in enumerate(turns):
    if turn.role != ASSISTANT:
      continue
    before, after = text(turns[:i], prompt=True), text(turns[: i + 1])
    content = turn.content.strip()
    if before is None or not whole.startswith(before) or len(before) < last:
      start = whole.find(content, last)
    else:
      start = len(before)
    if start < 0:
      continue  # a template may leave a turn out
    if after is None or not whole.startswith(after) or len(after) <= start:
      end = start + len(content)
    else:
      end = len(after.rstrip())
    spans.append((start, end))
    last = end
  return spans


def _marked(whole: str) -> Rendered:
  text, spans = "", []
  for part in re.split(f"({_BEGIN}[^{_END}]*{_END})", whole):
    said = part.removeprefix(_BEGIN).removesuffix(_END)
    if part.startswith(_BEGIN):
      spans.append((len(text), len(text) + len(said)))
    text += said
  return Rendered(text, spans)


def _without_system(turns: Sequence[Turn]) -> list[Turn]:
  """With what the system says before the first thing that a user says."""
  said = [turn.content for turn in turns if turn.role == "system"]
  rest = [turn for turn in turns if turn.role != "system"]
  if said and rest:
    first = rest[0]
    joined = "\n\n".join([*said, first.content])
    rest[0] = first._replace(content=joined)
  return rest


def _guarded(content: str, special: Sequence[str]) -> str:
  for token in special:
    content = content.replace(token, token[:1] + GUARD + token[1:])
  return content


def _special(path: str) -> list[str]:
  added = json.loads(epath.Path(path).read_text()).get("added_tokens", ())
  return [token["content"] for token in added if token.get("special")]


def _source(folder: epath.Path, settings: Mapping) -> str | None:
  file = folder / "chat_template.jinja"
  if file.exists():
    with readable(file):
      return file.read_text()
  told = settings.get("chat_template")
  if isinstance(told, list):  # several, by name
    named = {one["name"]: one["template"] for one in told}
    told = named.get("default") or next(iter(named.values()), None)
  return told


def _settings(folder: epath.Path) -> Mapping:
  file = folder / "tokenizer_config.json"
  with readable(file):
    return json.loads(file.read_text()) if file.exists() else {}


def _content(token: object) -> object:
  """A token as text; it may be written with its properties."""
  return token.get("content") if isinstance(token, Mapping) else token
