"""SentencePiece models trained on our own text, cached by its content.

Byte pairs counted over text that is fixed, with nothing normalised and bytes
for what has no piece: the model is the same every time, loses nothing, and
decodes to the text it encoded.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import io
import os
import pathlib
import re

from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import cache, corpora, document_store, sources
from forgetting.data.documents import Split

TRAINING_VERSION = 1
DEFAULT_SOURCES = ("mix",)
SMALLEST = 300  # 256 bytes, 3 special pieces, and some to learn

_BYTES_A_SOURCE = 2_000_000
_LONGEST_LINE = 16_384  # bytes; SentencePiece drops longer sentences


@dataclasses.dataclass(frozen=True)
class Trained:
  """A SentencePiece model that is trained on our own text.

  Attributes:
    size: number of pieces.
    sources: of its text, or sets of them.
  """

  size: int
  sources: tuple[str, ...] = DEFAULT_SOURCES

  @property
  def name(self) -> str:
    """What a config calls it."""
    if self.sources == DEFAULT_SOURCES:
      return f"sp{self.size}"
    return f"sp{self.size}:{'+'.join(self.sources)}"

  def path(self) -> pathlib.Path:
    """Where its file is, or will be, in the cache.

    Raises:
      InputError: a source is not there.
    """
    found = [sources.find(name) for name in corpora.expand(self.sources)]
    folders = [document_store.folder_of(source).name for source in found]
    key = cache.key_of(self.size, TRAINING_VERSION, *folders)
    return cache.root() / "tokenizers" / f"sp{self.size}-{key}.model"


def parse(name: str) -> Trained | None:
  """Reads the name of a model to train.

  Args:
    name: as in "sp8192" or "sp8192:kjv+./text".

  Returns:
    None where it is another name.

  Raises:
    InputError: too small a size.
  """
  match = re.fullmatch(r"sp(\d+)(?::(.+))?", name)
  if not match:
    return None
  size, told = int(match[1]), match[2]
  if size < SMALLEST:
    raise InputError(f"tokenizer: found size {size}, expected {SMALLEST} up")
  return Trained(size, tuple(told.split("+")) if told else DEFAULT_SOURCES)


def ensure(trained: Trained, progress: Progress) -> pathlib.Path:
  """Trains a model on training documents, unless its file is there.

  Args:
    trained: which.
    progress: where to show the work.

  Returns:
    the model's file.

  Raises:
    InputError: its text cannot be had, or gives no such model.
  """
  final = trained.path()
  if final.exists():
    return final
  folders = [
    document_store.ensure(sources.find(name), progress)
    for name in corpora.expand(trained.sources)
  ]
  bar = progress.add_task(f"training {trained.name}", total=None)
  with cache.scratch(final.parent, trained.name.split(":")[0]) as work:
    (work / "model").write_bytes(_train(trained.size, folders))
    os.replace(work / "model", final)
  progress.update(bar, total=1, completed=1)
  return final


def _train(size: int, folders: list[pathlib.Path]) -> bytes:
  import sentencepiece

  model = io.BytesIO()
  try:
    sentencepiece.SentencePieceTrainer.train(
      sentence_iterator=_lines(folders),
      model_writer=model,
      vocab_size=size,
      model_type="bpe",
      normalization_rule_name="identity",
      add_dummy_prefix=False,
      remove_extra_whitespaces=False,
      byte_fallback=True,
      character_coverage=0.9995,
      max_sentence_length=_LONGEST_LINE,
      pad_id=0,
      eos_id=1,
      unk_id=2,
      bos_id=-1,
      num_threads=1,
      minloglevel=2,
    )
  except RuntimeError as error:
    told = " ".join(str(error).split())[-200:]
    raise InputError(
      f"tokenizer: {size} pieces cannot be learned from this text ({told})"
    ) from error
  return model.getvalue()


def _lines(folders: list[pathlib.Path]) -> Iterator[str]:
  """Lines of the first training documents of each source, in key order."""
  for folder in folders:
    size = 0
    for text in document_store.read(folder, Split.TRAIN):
      for line in text.decode().split("\n"):
        if 0 < len(line.encode()) < _LONGEST_LINE:
          yield line
      size += len(text)
      if size >= _BYTES_A_SOURCE:
        break
