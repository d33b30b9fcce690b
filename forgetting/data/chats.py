"""Chats: what their records look like, and their documents.

A document of a chat is its turns one after another, each a mark, its role, a
mark, and its content; `RESPONSE` is before an assistant's role. How turns
become text depends on the tokenizer: `chat_templates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from forgetting.data.documents import RESPONSE

# before a turn, and between its role and what it says; Python takes neither for
# a blank, as it does those next to RESPONSE
TURN, SAYS = "\x02", "\x03"
MARKS = (TURN, SAYS)

ASSISTANT = "assistant"
_ROLES = {  # as ShareGPT and others call them
  "human": "user",
  "user": "user",
  "prompter": "user",
  "gpt": ASSISTANT,
  "bot": ASSISTANT,
  "chatgpt": ASSISTANT,
  "bing": ASSISTANT,
  "bard": ASSISTANT,
  "model": ASSISTANT,
  ASSISTANT: ASSISTANT,
  "system": "system",
  "developer": "system",
}
_ROLE_KEYS, _CONTENT_KEYS = ("role", "from"), ("content", "value")


class Turn(NamedTuple):
  """What one side says.

  Attributes:
    role: "system", "user" or "assistant".
    content: text.
  """

  role: str
  content: str


def is_turns(value: object) -> bool:
  """Whether a field holds the turns of a chat.

  Args:
    value: of a record.
  """
  return (
    isinstance(value, Sequence)
    and not isinstance(value, str)
    and len(value) > 0
    and all(
      isinstance(turn, Mapping)
      and any(key in turn for key in _ROLE_KEYS)
      and any(key in turn for key in _CONTENT_KEYS)
      for turn in value
    )
  )


def turns_of(value: object) -> list[Turn] | None:
  """The turns that a field holds.

  Args:
    value: of a record: {role, content} or ShareGPT's {from, value}; a content
      may be a list of parts of text.

  Returns:
    None where it is another thing, or uses tools or images: its assistant
    answers what is not there. Also where no assistant says anything.
  """
  if not is_turns(value):
    return None
  found = []
  for turn in value:  # type: Mapping
    role = next(turn[key] for key in _ROLE_KEYS if key in turn)
    content = _text(next(turn[key] for key in _CONTENT_KEYS if key in turn))
    if role not in _ROLES or content is None or turn.get("tool_calls"):
      return None
    found.append(Turn(_ROLES[role], content))
  spoken = any(t.role == ASSISTANT and t.content.strip() for t in found)
  return found if spoken else None


def _text(content: object) -> str | None:
  """A content that is text, or parts that all are."""
  if isinstance(content, str):
    return content
  if not isinstance(content, Sequence):
    return None
  parts = [
    part.get("text") if isinstance(part, Mapping) else None for part in content
  ]
  kinds = {p.get("type", "text") for p in content if isinstance(p, Mapping)}
  if not parts or None in parts or kinds != {"text"}:
    return None
  return "".join(map(str, parts))


def document(turns: Sequence[Turn]) -> str:
  """The document of a chat.

  Args:
    turns: whose contents hold none of `MARKS`.
  """
  return "".join(
    f"{TURN}{RESPONSE if turn.role == ASSISTANT else ''}{turn.role}{SAYS}"
    f"{turn.content}"
    for turn in turns
  )


def parse(text: str) -> list[Turn]:
  """The turns of a chat's document.

  Args:
    text: of `document`.
  """
  turns = (turn.split(SAYS, 1) for turn in text.split(TURN)[1:])
  return [Turn(role.removeprefix(RESPONSE), told) for role, told in turns]
