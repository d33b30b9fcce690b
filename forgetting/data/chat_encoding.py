"""Chats as tokens, the bytes of each, and which of them carry loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import re
from typing import NamedTuple

from etils import epath
import numpy as np

from forgetting.data import chat_templates, chats
from forgetting.data.chat_templates import GUARD
from forgetting.data.tokenizers import Kind, Tokenizer, in_bytes


class Encoded(NamedTuple):
  """Tokens of a chat, each int32 [n].

  Attributes:
    tokens: ids.
    sizes: UTF-8 bytes that each stands for.
    weights: 1 for what an assistant says, else 0.
  """

  tokens: np.ndarray
  sizes: np.ndarray
  weights: np.ndarray


def encoder(tokenizer: Tokenizer) -> Callable[[bytes], Encoded]:
  """A function that encodes documents of `chats.document`.

  Args:
    tokenizer: whose template, if it has one, makes the text.

  Raises:
    InputError: a package that it needs is not there.
  """
  render = chat_templates.of(tokenizer)
  spans_of = _ENCODERS[tokenizer.kind](tokenizer)

  def encode(document: bytes) -> Encoded:
    rendered = render(chats.parse(document.decode()))
    if rendered is None:  # what the template refuses; `refused` counts it
      return Encoded(*(np.zeros(0, np.int32) for _ in Encoded._fields))
    tokens, starts, ends = spans_of(rendered.text)
    weights = np.zeros(len(tokens), bool)
    for begin, end in rendered.spans:
      weights |= (starts < end) & (ends > begin)
    text = rendered.text
    # what lies between two tokens belongs to the one before
    edges = np.append(starts, len(text))
    edges[:1] = 0
    sizes = np.diff(in_bytes(text, edges))
    return Encoded(
      np.array(tokens, np.int32),
      sizes.astype(np.int32),
      weights.astype(np.int32),
    )

  return encode


def refused(tokenizer: Tokenizer, documents: Iterable[bytes]) -> int:
  """Counts the chats that a tokenizer's template refuses.

  Args:
    tokenizer: of the template.
    documents: of `chats.document`.
  """
  render = chat_templates.of(tokenizer)
  return sum(render(chats.parse(d.decode())) is None for d in documents)


# text -> ids, and the first character and the last + 1 of each
Spans = Callable[[str], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _of_bytes(tokenizer: Tokenizer) -> Spans:
  del tokenizer

  def spans(text: str):
    found = np.frombuffer(text.encode(), np.uint8).astype(np.int32) + 3
    sizes = np.array([len(c.encode()) for c in text], int)
    places = np.repeat(np.arange(len(text)), sizes)
    return found, places, places + 1

  return spans


def _of_pieces(tokenizer: Tokenizer) -> Spans:
  import sentencepiece

  model = sentencepiece.SentencePieceProcessor(model_file=tokenizer.path)

  def spans(text: str):
    pieces = model.encode(text, out_type="immutable_proto").pieces
    found = np.array([(p.id, p.begin, p.end) for p in pieces], int)
    return tuple(found.reshape(-1, 3).T)

  return spans


def _of_hugging_face(tokenizer: Tokenizer) -> Spans:
  import tokenizers

  told = epath.Path(tokenizer.path).read_text()
  whole, text_alone = (tokenizers.Tokenizer.from_str(told) for _ in range(2))
  for model in (whole, text_alone):
    model.no_truncation()
    model.no_padding()
  text_alone.encode_special_tokens = True
  special = {
    token.content: i
    for i, token in whole.get_added_tokens_decoder().items()
    if token.special
  }
  longest = sorted(special, key=len, reverse=True)
  pattern = re.compile(f"({'|'.join(map(re.escape, longest))})")

  def spans(text: str):
    if GUARD not in text:
      found = _encoded(whole, text)
    else:
      # where a content spells special tokens, only the template's are some
      found, at = [], 0
      for part in pattern.split(text) if special else [text]:
        if part in special:
          found.append((special[part], at, at + len(part)))
        else:
          found += _guarded(text_alone, part, at)
        at += len(part)
    return tuple(np.array(found, int).reshape(-1, 3).T)

  return spans


def _encoded(model, text: str, at: int = 0) -> list[tuple[int, int, int]]:
  encoding = model.encode(text, add_special_tokens=False)
  return [
    (i, at + start, at + end)
    for i, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
  ]


def _guarded(model, text: str, at: int) -> list[tuple[int, int, int]]:
  """Tokens of a text without its guards, at their places with them."""
  places = [i for i, letter in enumerate(text) if letter != GUARD]
  places.append(len(text))
  found = _encoded(model, text.replace(GUARD, ""))
  return [(i, at + places[s], at + places[e]) for i, s, e in found]


_ENCODERS: dict[Kind, Callable[[Tokenizer], Spans]] = {
  Kind.BYTES: _of_bytes,
  Kind.SENTENCEPIECE: _of_pieces,
  Kind.HUGGING_FACE: _of_hugging_face,
}
