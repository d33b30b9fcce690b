"""Which fields of a record make a document: told, or known by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import dataclasses
import re

from forgetting.config import InputError
from forgetting.data import chats
from forgetting.data.documents import RESPONSE

TEXT = "text"
_DEFAULT_TEMPLATE = "{prompt}\n{response}"
# fields that hold a prompt and its response, in data sets that people share
PAIRS = (
  *(("instruction", "output"), ("instruction", "response")),
  *(("prompt", "response"), ("prompt", "completion")),
  *(("question", "answer"), ("question", "response"), ("query", "response")),
  *(("input", "output"), ("inputs", "targets"), ("source", "target")),
)
LISTS = ("messages", "conversations", "conversation")  # of a chat's turns


@dataclasses.dataclass(frozen=True)
class Fields:
  """Which fields of a record make a document.

  Attributes:
    text: the field that is the document, or
    prompt, response: two fields that go into `template`; tokens before the
      response carry no loss.
    template: with {prompt} and {response}, in this order.
    more: a field that follows the prompt where it is not empty, as alpaca's
      `input`; "" is none.
    chat: the field that holds the turns of a chat; "" is none.
  """

  text: str = TEXT
  prompt: str | None = None
  response: str | None = None
  template: str = _DEFAULT_TEMPLATE
  more: str = dataclasses.field(default="", repr=False)
  chat: str = dataclasses.field(default="", repr=False)

  @classmethod
  def parse(cls, told: str) -> Fields:
    r"""Reads `field`, `prompt->response` or `prompt->response:template`.

    Args:
      told: what is said of the fields; "\n" in a template ends a line.

    Raises:
      InputError: a template without its two braces.
    """
    prompt, arrow, rest = told.partition("->")
    if not arrow:
      return cls(text=told)
    response, _, template = rest.partition(":")
    template = template.replace("\\n", "\n") or _DEFAULT_TEMPLATE
    braces = re.findall(r"\{[^{}]*\}|[{}]", template)
    if braces != ["{prompt}", "{response}"]:
      raise InputError(
        f"template: found {template!r}, expected {{prompt}} and then"
        " {response}, once each"
      )
    if not prompt or not response:
      raise InputError(
        f"fields: found {told!r}, expected two names as in question->answer"
      )
    return cls(prompt=prompt, response=response, template=template)

  @classmethod
  def known(cls, record: Mapping, told: str = "") -> Fields | None:
    """The fields of a record of a kind that many data sets have.

    Args:
      record: field -> value, or field -> None where only names are known.
      told: what is said of the fields, if anything.

    Returns:
      None: nothing that is known by its names.
    """
    if told and "->" not in told:
      turns = record.get(told)
      return cls(chat=told) if chats.is_turns(turns) else cls(text=told)
    if told:
      return cls.parse(told)
    for field in LISTS:
      if field in record and (
        record[field] is None or chats.is_turns(record[field])
      ):
        return cls(chat=field)
    if TEXT in record:
      return cls()
    for prompt, response in PAIRS:
      if prompt in record and response in record:
        alpaca = prompt == "instruction" and "input" in record
        more = "input" if alpaca else ""
        return cls(prompt=prompt, response=response, more=more)
    return None

  @property
  def names(self) -> list[str]:
    """The fields of a record that must be there."""
    if self.chat:
      return [self.chat]
    return [self.prompt, self.response] if self.prompt else [self.text]

  @property
  def read(self) -> list[str]:
    """The fields that are read where they are there."""
    return [*self.names, *([self.more] if self.more else [])]

  @property
  def told(self) -> str:
    """What they are, in words."""
    if self.chat:
      return f"chats, turns in {self.chat!r}"
    if self.prompt:
      more = f" (with {self.more!r})" if self.more else ""
      return f"prompts {self.prompt!r}{more}, responses {self.response!r}"
    return f"text in {self.text!r}"

  @property
  def identity(self) -> str:
    """What documents are a function of, beside the files."""
    extra = f" more={self.more!r} chat={self.chat!r}"
    return f"{self}{extra if self.more or self.chat else ''}"

  def document(self, record: Mapping[str, str]) -> str:
    """The document that a record makes, with a mark before a response.

    Args:
      record: field -> text.
    """
    if not self.prompt:
      return plain(record[self.text])
    before, after = self.template.split("{response}")
    asked = plain(record[self.prompt])
    if self.more and (more := plain(record.get(self.more) or "")):
      asked += f"\n{more}"
    prompt = before.replace("{prompt}", asked)
    return prompt + RESPONSE + plain(record[self.response or ""]) + after


def plain(text: str) -> str:
  """Text with blanks for the marks that documents have a use for.

  Args:
    text: any.
  """
  return text.translate(_NO_MARKS)


_NO_MARKS = {ord(mark): " " for mark in (RESPONSE, *chats.MARKS)}


def missing(where: str, record: object, names: Iterable[str]) -> InputError:
  """What to say of a record that lacks a field.

  Args:
    where: the file and the record's place in it.
    record: what was found.
    names: the fields that were expected.
  """
  found = ", ".join(map(str, record)) if isinstance(record, Mapping) else ""
  lacking = [
    n for n in names if not isinstance(record, Mapping) or n not in record
  ]
  return InputError(
    f"{where} has no field {lacking[0]!r}: found {found or 'no object'}; name"
    " the field as path.jsonl:field"
  )
