"""Chunks of text that a model wrote, kept beside the chunks of other text.

What is worth keeping is decided by two rules on runs of tokens, 8 of them or
32 where a token is a byte. A loop is a chunk fewer than half of whose runs are
different. A near-duplicate is one more than half of whose runs are in chunks
that were kept before it.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib

import numpy as np

from forgetting.config import domain_name
from forgetting.config.names import SAMPLES
from forgetting.data import cache, chunk_files, decoding, tokenizers
from forgetting.data.chunk_files import Layout
from forgetting.data.documents import Split
from forgetting.data.prepared import Prepared, open_folder
from forgetting.data.tokenizers import BYTES

FOLDER = "samples"  # of the cache
RUN, RUN_OF_BYTES = 8, 32  # tokens
HALF = 0.5


@dataclasses.dataclass(frozen=True)
class Kept:
  """Which of the chunks that a model wrote are kept.

  Attributes:
    index: int64 [n], of those that are, at most as many as asked for.
    seen: chunks that were looked at until then.
    loops, duplicates: those of them that were left out.
  """

  index: np.ndarray
  seen: int
  loops: int
  duplicates: int


def is_one(source: str) -> bool:
  """Whether a source is text that a model wrote, by its name."""
  return source.startswith(SAMPLES)


def source_of(word: str, key: str) -> str:
  """The source that samples are, once they are written.

  Args:
    word: what tables call it.
    key: of all that they are a function of.
  """
  return f"{SAMPLES}{word}:{key}"


def folder_of(source: str) -> pathlib.Path:
  """Where samples are kept, or will be."""
  _, word, key = source.split(":")
  return cache.root() / FOLDER / f"{word}-{key}"


def open_samples(source: str) -> Prepared:
  """Opens what `write` wrote.

  Raises:
    InputError: it is not there.
  """
  return open_folder(folder_of(source), domain_name(source), source)


def kept(chunks: np.ndarray, *, wanted: int, tokenizer: str) -> Kept:
  """Leaves out loops and near-duplicates, until enough are kept.

  Args:
    chunks: int [n, L+1], in the order in which they were written.
    wanted: how many.
    tokenizer: its name.
  """
  length = RUN_OF_BYTES if tokenizer == BYTES else RUN
  length = min(length, max(1, chunks.shape[1] // 4))
  index: list[int] = []
  counts, before = dict(loops=0, duplicates=0), set()
  seen = 0
  for seen, chunk in enumerate(chunks, 1):
    windows = np.lib.stride_tricks.sliding_window_view(chunk, length)
    runs = {run.tobytes() for run in windows}
    if len(runs) < HALF * len(windows):
      counts["loops"] += 1
    elif len(runs & before) > HALF * len(runs):
      counts["duplicates"] += 1
    else:
      before |= runs
      index.append(seen - 1)
    if len(index) == wanted:
      break
  return Kept(np.array(index, np.int64), seen, **counts)


def write(
  source: str,
  chunks: np.ndarray,
  *,
  split: Split,
  without_loss: int,
  tokenizer: str,
  about: dict,
) -> None:
  """Keeps samples as the one split of a source.

  Args:
    source: of `source_of`.
    chunks: int32 [n, L+1].
    split: which; the other is empty.
    without_loss: targets at the beginning that carry none.
    tokenizer: its name.
    about: what is told of them: `source` and whatever else.
  """
  found = tokenizers.find(tokenizer)
  context = chunks.shape[1] - 1
  layout = Layout(found.dtype, context, bool(without_loss))
  weights = np.ones_like(chunks)
  weights[:, 1 : 1 + without_loss] = 0
  written = dict(
    targets=chunks, bytes=_bytes(chunks, tokenizer), weights=weights
  )
  parts = {one: [written] if one is split else [] for one in Split}
  with cache.placing(folder_of(source)) as work:
    splits = {}
    for one, batches in parts.items():
      part = work / f"{one}-part"
      part.mkdir()
      chunk_files.write_part(part, iter(batches), layout)
      splits[one] = chunk_files.join([part], work / one, layout)
    counts = dict.fromkeys(
      ("too_short", "duplicates", "near_duplicates", "over_cap"), 0
    )
    counts |= dict(replacement_characters=0, train=0, validation=0)
    counts |= dict(train_bytes=0, validation_bytes=0)
    counts |= {f"{split}": len(chunks)}
    counts |= {f"{split}_bytes": int(written["bytes"].sum())}
    meta = dict(
      about,
      name=domain_name(source),
      licence="as of the model that wrote it",
      documents=counts,
      prompted=bool(without_loss),
      tokenizer=found.name,
      tokenizer_sha256=found.sha256,
      vocab_size=found.vocab_size,
      context=context,
      dtype=found.dtype.str,
      split_rule="by the numbers of the dice",
      splits=splits,
    )
    (work / "meta.json").write_text(json.dumps(meta, indent=2))


def _bytes(chunks: np.ndarray, tokenizer: str) -> np.ndarray:
  """UTF-8 bytes of each token, [n, L+1]; of a vocabulary of pieces all of a
  chunk's are told of its last target."""
  if tokenizer == BYTES:
    first = decoding.BYTE_OFFSET
    return ((chunks >= first) & (chunks < first + 256)).astype(np.int64)
  out = np.zeros(chunks.shape, np.int64)
  texts = decoding.decode(chunks[:, 1:], tokenizer)
  out[:, -1] = [len(text.encode()) for text in texts]
  return out
