"""Which token ends a document: told by the user, by a model's files, or a name.

A name alone misleads: Gemma's vocabulary has `</s>` as an HTML tag. A model's
own files know, but of a chat model they name the end of a turn beside it, or
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import json

from etils import epath

from forgetting.config import InputError
from forgetting.config.errors import readable

# names of the token that ends a document, tried in this order
ENDS = ("<|endoftext|>", "</s>", "<eos>", "<|end_of_text|>", "[SEP]")
# names of those that end a turn of a conversation, or a line of code
TURNS = (
  *("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<turn|>"),
  *("<|end|>", "<|return|>", "<|call|>", "<|endofturn|>", "<|end_of_turn|>"),
  *("<|END_OF_TURN_TOKEN|>", "<|eot|>", "<|user|>", "<|assistant|>"),
)
NAMED = "?end="  # in a tokenizer's name, before the token that ends text


def split_name(name: str) -> tuple[str, str]:
  """Takes a tokenizer's name apart.

  Args:
    name: as in "tokenizer.json?end=<|im_end|>".

  Returns:
    the name without the token, and the token or "".
  """
  path, _, token = name.partition(NAMED)
  return path, token


def named(name: str, token: str, ids: Mapping[str, int]) -> int:
  """The id of the token that the user says ends text.

  Args:
    name: the tokenizer's, for the message.
    token: its piece, or its id in digits.
    ids: piece -> id.

  Raises:
    InputError: there is no such piece.
  """
  if token in ids:
    return ids[token]
  if token.isdecimal() and int(token) in ids.values():
    return int(token)
  raise InputError(
    f"tokenizer: {name} has no token {token!r}; expected a piece of it, as"
    f" {', '.join(list(ids)[-3:])}"
  )


def of_tokenizer(
  name: str, path: epath.Path, told: Mapping, ids: Mapping[str, int]
) -> int:
  """The id of the token that ends a document.

  What config.json, generation_config.json and tokenizer_config.json in the
  folder of the definition call the end comes first, the end of a turn last;
  then names, special tokens before other pieces.

  Args:
    name: as a config gives it, for messages.
    path: of the tokenizer.json.
    told: what it says.
    ids: piece -> id, added tokens included.

  Raises:
    InputError: none of them tells; the line says how to name it.
  """
  added = told.get("added_tokens") or ()
  special = {token["content"] for token in added if token.get("special")}
  beside = said_beside(path, ids)
  turns = {ids[turn] for turn in TURNS if turn in ids}
  for end in beside:
    if end not in turns:
      return end
  by_name = [ids[end] for end in ENDS if end in ids and end in special]
  if by_name:
    return by_name[0]
  if beside:
    return beside[0]
  if (end := plainly_named(ids)) is not None:
    return end
  seen = [turn for turn in TURNS if turn in ids] or sorted(special)
  likely = seen[0] if seen else "<|endoftext|>"
  raise InputError(
    f"tokenizer: {name} has no end-of-text token, expected one of"
    f" {', '.join(ENDS)}, or an eos_token in a config.json or"
    f" tokenizer_config.json beside it; name yours: {name}{NAMED}{likely}"
  )


def plainly_named(ids: Mapping[str, int]) -> int | None:
  """The first of `ENDS` among the pieces, special or not; None: none is.

  Args:
    ids: piece -> id.
  """
  return next((ids[end] for end in ENDS if end in ids), None)


def said_beside(path: epath.Path, ids: Mapping[str, int]) -> Sequence[int]:
  """Ends that the files beside a tokenizer.json name, the likeliest first.

  Args:
    path: of the tokenizer.json.
    ids: piece -> id; ids that no piece has are left out.

  Raises:
    InputError: such a file that is no JSON object.
  """
  known = set(ids.values())
  found: list[int] = []
  for file in ("config.json", "generation_config.json"):
    found += _ids(_settings(path.parent / file).get("eos_token_id"))
  token = _settings(path.parent / "tokenizer_config.json").get("eos_token")
  if isinstance(token, Mapping):  # as it is written with its properties
    token = token.get("content")
  if token in ids:
    found.append(ids[token])
  return [end for end in dict.fromkeys(found) if end in known]


def _ids(value: object) -> Iterator[int]:
  """One id, a list of them, or null."""
  for one in value if isinstance(value, list) else [value]:
    if isinstance(one, int):
      yield one


def _settings(file: epath.Path) -> Mapping:
  if not file.exists():
    return {}
  with readable(file):
    text = file.read_bytes()
  try:
    told = json.loads(text)
  except ValueError as error:
    raise InputError(f"tokenizer: {file} is no JSON ({error})") from error
  if not isinstance(told, dict):
    raise InputError(f"tokenizer: {file} holds no settings, expected an object")
  return told


def begin(told: Mapping) -> int | None:
  """What a tokenizer puts before every text, as models of it were trained.

  Args:
    told: a tokenizer.json, whose post-processor decides it.

  Returns:
    its id; None: nothing is put there.
  """
  processor = told.get("post_processor") or {}
  for one in (processor, *(processor.get("processors") or ())):
    first = (one.get("single") or [{}])[0].get("SpecialToken")
    if one.get("type") == "TemplateProcessing" and first:
      return one["special_tokens"][first["id"]]["ids"][0]
  return None
