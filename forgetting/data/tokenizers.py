"""Tokenizers by name: what a store's key and a model's size depend on.

A name is "bytes", "sp8192" (SentencePiece with that many pieces, trained on
the pretraining mix, or on "sp8192:kjv+./text"), "gpt2" or "mistral" (out of
pinned packages), or the path of a SentencePiece model (.model) or of a Hugging
Face tokenizer (.json), or "model:" and a public checkpoint (its folder or its
id), after which "?end=TOKEN" may say what ends a document.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import enum
import functools
import hashlib
import json
import os

from etils import epath
import numpy as np

from forgetting.config import InputError, domain_name
from forgetting.config.errors import readable
from forgetting.config.pretrained import Pretrained
from forgetting.data import end_of_text, silence, tokenizer_training
from forgetting.data.packaged_tokenizers import PACKAGED

BYTES = "bytes"
_HUGGING_FACE_VERSION = 2  # special tokens that a text writes are text
_BYTE_IDS = 3 + 256  # padding, end of text, unknown; as seqio.ByteVocabulary


class Kind(enum.Enum):
  """What a tokenizer is; the value is its name for people."""

  BYTES = "bytes"
  SENTENCEPIECE = "SentencePiece"
  HUGGING_FACE = "Hugging Face"


@dataclasses.dataclass(frozen=True)
class Tokenizer:
  """A tokenizer as the store knows it.

  Attributes:
    name: as given in a config.
    kind: who reads its definition.
    slug: its name in a file name.
    sha256: of its definition.
    vocab_size: number of ids.
    end_id: the end-of-text token.
    path: of its definition; empty for bytes.
    begin_id: what every sequence of its model begins with; None: nothing.
  """

  name: str
  kind: Kind
  slug: str
  sha256: str
  vocab_size: int
  end_id: int
  path: str = ""
  begin_id: int | None = None

  @property
  def dtype(self) -> np.dtype:
    """The smallest of uint16 and uint32 that holds every id."""
    return np.dtype("<u2" if self.vocab_size <= 1 << 16 else "<u4")

  @property
  def encoding(self) -> tuple[int, ...]:
    """Version of how text is encoded, of those that ever did it otherwise."""
    if self.kind is not Kind.HUGGING_FACE:
      return ()
    begin = () if self.begin_id is None else (self.begin_id,)
    return (_HUGGING_FACE_VERSION, *begin)


def find(name: str) -> Tokenizer:
  """The tokenizer of that name.

  Args:
    name: as a config gives it: see the top of this file.

  Raises:
    InputError: there is none, it is not trained or fetched yet, or it has no
      end-of-text token.
  """
  if name == BYTES:
    definition = f"utf-8 bytes, ids from 3 to {_BYTE_IDS}; pad 0, end 1"
    digest = hashlib.sha256(definition.encode()).hexdigest()
    return Tokenizer(BYTES, Kind.BYTES, BYTES, digest, _BYTE_IDS, 1)
  if trained := tokenizer_training.parse(name):
    path = trained.path()
    if not path.exists():
      raise InputError(
        f"tokenizer: {name!r} is not trained; run `forgetting data tokenizer"
        f" --size {trained.size}`"
      )
    return _sentencepiece(name, path, name.split(":")[0])
  if packaged := PACKAGED.get(name):
    path = epath.Path(packaged.path())
    if not path.exists():
      raise InputError(
        f"tokenizer: {name!r} is not fetched; run `forgetting data tokenizer"
        f" {name}`"
      )
    return _of_file(name, path)
  own = end_of_text.split_name(name)[0]
  if parent := Pretrained.of_tokenizer(own):
    return _of_checkpoint(name, parent)
  path = epath.Path(os.path.expanduser(own))
  if path.suffix != ".json" and ".model" not in path.suffixes:
    raise InputError(
      f"tokenizer: found {name!r}, expected {BYTES!r}, 'sp' and a size as in"
      f" 'sp8192', {' or '.join(map(repr, PACKAGED))}, or a path to a .model"
      " or .json file"
    )
  if not path.exists():
    raise InputError(f"tokenizer: {path}: no such file")
  return _of_file(name, path)


def _of_checkpoint(name: str, parent: Pretrained) -> Tokenizer:
  """The tokenizer beside a checkpoint, with what its sequences begin with."""
  folder = epath.Path(parent.folder)
  path = folder / "tokenizer.json"
  if not path.exists():
    raise InputError(
      f"{folder}: found no tokenizer.json, expected the model's tokenizer;"
      " save_pretrained of transformers writes it"
    )
  found = _hugging_face(name, path)
  begin = end_of_text.begin(json.loads(path.read_bytes()))
  return dataclasses.replace(found, slug=parent.word, begin_id=begin)


def _of_file(name: str, path: epath.Path) -> Tokenizer:
  if path.suffix == ".json":
    return _hugging_face(name, path)
  return _sentencepiece(name, path, _slug(name))


def _slug(name: str) -> str:
  return domain_name(end_of_text.split_name(name)[0])


def ensure(name: str, progress) -> Tokenizer:
  """As `find`, but trains or fetches what is not there.

  Args:
    name: as a config gives it.
    progress: where to show the work.

  Raises:
    InputError: there is none, or it cannot be made.
  """
  if trained := tokenizer_training.parse(name):
    tokenizer_training.ensure(trained, progress)
  if packaged := PACKAGED.get(name):
    packaged.ensure(progress)
  return find(name)


def _sentencepiece(name: str, path: epath.Path, slug: str) -> Tokenizer:
  import sentencepiece

  with readable(path):
    definition = path.read_bytes()
  model = sentencepiece.SentencePieceProcessor()
  try:
    with silence.standard_error():
      model.LoadFromSerializedProto(definition)
  except RuntimeError as error:
    raise InputError(f"tokenizer: {name} is no SentencePiece model") from error
  end = own = model.eos_id()
  if token := end_of_text.split_name(name)[1]:
    pieces = [model.id_to_piece(i) for i in range(model.vocab_size())]
    end = end_of_text.named(name, token, {p: i for i, p in enumerate(pieces)})
  if end < 0:
    raise InputError(
      f"tokenizer: {name} has no end-of-text token; name a piece of it:"
      f" {name}{end_of_text.NAMED}PIECE"
    )
  return Tokenizer(
    name,
    Kind.SENTENCEPIECE,
    slug,
    _digest(definition, end, own),
    model.vocab_size(),
    end,
    str(path),
  )


def _digest(definition: bytes, end: int, by_itself: int | None) -> str:
  """Hash of a definition, and of its end where that does not follow from it."""
  if end != by_itself:
    definition += f"\nend {end}".encode()
  return hashlib.sha256(definition).hexdigest()


def _hugging_face(name: str, path: epath.Path) -> Tokenizer:
  with readable(path):
    definition = path.read_bytes()
  try:
    told = json.loads(definition)
    pieces = told["model"]["vocab"]
    if isinstance(pieces, list):  # a unigram model: [piece, score]
      pieces = {piece: i for i, (piece, _) in enumerate(pieces)}
    added = told.get("added_tokens", [])
    ids = pieces | {token["content"]: token["id"] for token in added}
    vocab_size = max(ids.values()) + 1
  except (ValueError, KeyError, TypeError, AttributeError) as error:
    raise InputError(
      f"tokenizer: {name} is no Hugging Face tokenizer.json"
    ) from error
  if token := end_of_text.split_name(name)[1]:
    end = end_of_text.named(name, token, ids)
  else:
    end = end_of_text.of_tokenizer(name, path, told, ids)
  return Tokenizer(
    name,
    Kind.HUGGING_FACE,
    _slug(name),
    _digest(definition, end, end_of_text.plainly_named(ids)),
    vocab_size,
    end,
    str(path),
  )


def alike(one: Tokenizer, other: Tokenizer) -> bool:
  """Whether two give the same tokens, however their files are written.

  Saving a tokenizer anew orders its file otherwise, adds fields with their
  defaults, and keeps the padding of the last batch; a fine-tuning may name
  another token as the end.

  Args:
    one: a tokenizer.
    other: likewise.
  """
  if one.begin_id != other.begin_id:
    return False
  if {one.kind, other.kind} != {Kind.HUGGING_FACE}:
    return one.sha256 == other.sha256
  return _tokens_of(one.path) == _tokens_of(other.path)


def _tokens_of(path: str) -> dict:
  """What a tokenizer.json says of which tokens a text has."""
  told = json.loads(epath.Path(path).read_bytes())
  for name in ("version", "truncation", "padding"):
    told.pop(name, None)
  model = {k: v for k, v in told["model"].items() if v not in (None, False, "")}
  if "merges" in model:  # "a b" once, ["a", "b"] now
    model["merges"] = [
      tuple(pair.split(" ") if isinstance(pair, str) else pair)
      for pair in model["merges"]
    ]
  return told | {"model": model}


def begin(tokenizer: Tokenizer) -> int:
  """The token before a document's first: what begins it, or ends another."""
  begins = tokenizer.begin_id
  return tokenizer.end_id if begins is None else begins


@functools.cache
def hugging_face_encoder(
  path: str,
) -> Callable[[bytes], tuple[np.ndarray, np.ndarray]]:
  """A function that encodes text by a Hugging Face tokenizer.

  Args:
    path: of its tokenizer.json.

  Returns:
    UTF-8 text -> token ids and the start of each in bytes, both int32 [n].

  Raises:
    InputError: the package tokenizers is not installed, or does not read it.
  """
  try:
    import tokenizers
  except ImportError as error:
    raise InputError(
      f"tokenizer: {path} is read by the package tokenizers; install it"
    ) from error
  try:
    model = tokenizers.Tokenizer.from_str(epath.Path(path).read_text())
  except Exception as error:  # the package raises nothing finer
    raise InputError(
      f"tokenizer: {path} is not understood ({str(error).splitlines()[0]})"
    ) from error
  model.no_truncation()
  model.no_padding()
  # a document that writes "<|endoftext|>" does not end there
  model.encode_special_tokens = True

  def encode(text: bytes) -> tuple[np.ndarray, np.ndarray]:
    characters = text.decode()
    encoding = model.encode(characters, add_special_tokens=False)
    starts = np.array([start for start, _ in encoding.offsets], np.int64)
    return np.array(encoding.ids, np.int32), in_bytes(characters, starts)

  return encode


def in_bytes(text: str, positions: np.ndarray) -> np.ndarray:
  """Positions in characters as positions in UTF-8 bytes.

  Args:
    text: in which they are.
    positions: from 0 to its length.

  Returns:
    int32, of the same shape.
  """
  points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
  sizes = 1 + (points > 0x7F) + (points > 0x7FF) + (points > 0xFFFF)
  starts = np.concatenate([[0], np.cumsum(sizes)])
  return starts[positions].astype(np.int32)
