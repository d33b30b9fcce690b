"""Prepared chunks on disk, memory-mapped.

Preparing drains a corpus's seqio task once, part by part, and goes on after
the last whole part when it was interrupted; everything after that needs numpy
alone. TensorFlow is imported only while something is being prepared.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import hashlib
import json
import pathlib
import shutil

import numpy as np
from rich.console import Console
from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import (
  cache,
  chat_encoding,
  chat_templates,
  chunk_files,
  document_store,
  silence,
  sources,
  tokenizers,
)
from forgetting.data.chunk_files import Layout
from forgetting.data.documents import Split
from forgetting.data.prepared import Prepared, open_folder
from forgetting.data.tokenizers import BYTES, Tokenizer

CHUNKS_VERSION = 2
KEY_SPLIT = "sha256 of the normalised document, last 4 hex digits mod 20"
CHUNKS = "chunks"  # folder of the cache
VISIBLE = 0.001  # share of the text from which damage is told everywhere
STREAM_SPLIT = "the data set's own splits"


def prepare(
  source: str,
  *,
  context: int,
  tokenizer: str = BYTES,
  progress: Progress | None = None,
) -> Prepared:
  """Opens the prepared chunks of a source; makes them first if absent.

  Args:
    source: a name of the catalogue, a path to text, or a TFDS data set.
    context: L, tokens a sequence.
    tokenizer: its name.
    progress: where to show the work; a display of its own by default.

  Raises:
    InputError: no such source, it cannot be fetched or read, or it is too
      small to give a chunk for training and one for validation.
  """
  found = sources.find(source)
  with contextlib.ExitStack() as stack:
    if progress is None:
      progress = stack.enter_context(own_progress())
    kind = tokenizers.ensure(tokenizer, progress)
    folder = _folder(found, kind, context)
    if not (folder / "meta.json").exists():
      _make(folder, found, kind, context, progress)
  return open_folder(folder, found.name, source)


def open_prepared(
  source: str, *, context: int, tokenizer: str = BYTES
) -> Prepared:
  """Opens what `prepare` made: no network, no TensorFlow.

  Args:
    source, context, tokenizer: as of `prepare`.

  Raises:
    InputError: it is not there.
  """
  found = sources.find(source)
  folder = _folder(found, tokenizers.find(tokenizer), context)
  return open_folder(folder, found.name, source)


def folder_of(source: str, *, context: int, tokenizer: str) -> pathlib.Path:
  """Where `prepare` keeps chunks, or will.

  Args:
    source, context, tokenizer: as of `prepare`.
  """
  return _folder(sources.find(source), tokenizers.find(tokenizer), context)


def notes(prepared: Prepared, *, least: float = 0.0) -> list[str]:
  """What a reader of numbers should know of the text, a phrase each.

  Args:
    prepared: of a source.
    least: share of the characters, or of the prompts, from which it is told.
  """
  meta, counts = prepared.meta, prepared.meta["documents"]
  found = []
  damaged = counts["replacement_characters"]
  size = counts["train_bytes"] + counts["validation_bytes"]
  if damaged > least * size:
    found.append(
      f"{damaged:,} characters are no UTF-8, {damaged / max(size, 1):.2g} of"
      " the text's bytes"
    )
  long = sum(s.get("long_prompts", 0) for s in meta["splits"].values())
  if long > least * (counts["train"] + counts["validation"]):
    found.append(
      f"{long:,} prompts are longer than the {meta['context']} tokens of the"
      " context, and answered without their beginning"
    )
  if refused := meta.get("refused_chats"):
    found.append(f"{refused:,} chats are refused by the tokenizer's template")
  if (left := meta.get("left_out")) and not least:
    found.append(f"files left out: {left}")
  return found


def provenance(prepared: Prepared) -> dict[str, str]:
  """The exact data in a few words each, for tables and the page.

  Args:
    prepared: of a source.

  Returns:
    what -> text: where it is from, what was dropped, hashes of its chunks.
  """
  meta, counts = prepared.meta, prepared.meta["documents"]
  dropped = ("too_short", "duplicates", "near_duplicates", "over_cap")
  told = "; ".join(notes(prepared, least=VISIBLE))
  return {
    **({"notes": told} if told else {}),
    "name": prepared.name,
    "source": meta["source"],
    "licence": meta["licence"],
    "documents": f"{counts['train']} train, {counts['validation']} validation",
    "dropped": ", ".join(f"{counts[d]} {d.replace('_', ' ')}" for d in dropped),
    "split_rule": meta["split_rule"],
    "tokenizer": f"{meta['tokenizer']} sha256:{meta['tokenizer_sha256']}",
    "context": str(meta["context"]),
    "train_sha256": meta["splits"]["train"]["sha256"],
    "validation_sha256": meta["splits"]["validation"]["sha256"],
  }


def own_progress() -> Progress:
  """A display on standard error, so that output can be piped."""
  console = Console(stderr=True)
  return Progress(
    console=console, transient=True, disable=not console.is_terminal
  )


def chunk_ids(chunks: np.ndarray) -> np.ndarray:
  """Content hash of each chunk: the same on every machine.

  Args:
    chunks: token ids [n, L+1].

  Returns:
    [n] 'S16': the first 16 hex digits of the SHA-256 of a chunk's tokens as
    little-endian uint32.
  """
  ids = [
    hashlib.sha256(chunk.astype("<u4").tobytes()).hexdigest()[:16]
    for chunk in chunks
  ]
  return np.array(ids, "S16")


def _folder(
  source: sources.Source, tokenizer: Tokenizer, context: int
) -> pathlib.Path:
  if context < 1:
    raise InputError(f"context: found {context}, expected 1 or more tokens")
  documents = document_store.folder_of(source).name
  version = (CHUNKS_VERSION, *tokenizer.encoding)
  if source.chat:
    version += (chat_templates.identity(tokenizer),)
  key = cache.key_of(documents, tokenizer.sha256, context, *version)
  name = f"{source.name}-{tokenizer.slug}-L{context}-{key}"
  return cache.root() / CHUNKS / name


def _make(folder: pathlib.Path, source, tokenizer, context, progress) -> None:
  documents = document_store.ensure(source, progress)
  try:
    with cache.placing(folder) as work:
      _fill(work, source, documents, tokenizer, context, progress)
  except FileNotFoundError:
    # another process may have ended first, and taken the parts away
    if not (folder / "meta.json").exists():
      raise
  shutil.rmtree(_parts_of(folder), ignore_errors=True)


def _fill(
  work: pathlib.Path,
  source: sources.Source,
  documents: pathlib.Path,
  tokenizer: Tokenizer,
  context: int,
  progress: Progress,
) -> None:
  """Drains the seqio task of both splits into `work`."""
  name, meta = source.name, document_store.meta_of(documents)
  counts = meta["documents"]
  if source.chat:
    meta["refused_chats"] = sum(
      chat_encoding.refused(tokenizer, document_store.read(documents, split))
      for split in Split
    )
  layout = Layout(tokenizer.dtype, context, meta["prompted"])
  bar = progress.add_task(
    f"{name}: cutting into chunks",
    total=counts["train_bytes"] + counts["validation_bytes"],
  )
  splits = {}
  for split in Split:
    parts = []
    for span in document_store.spans(documents, split):
      part = _parts_of(work) / f"{split}-{span.start}-{span.stop}"
      if part.exists():
        progress.advance(bar, len(span))
      else:
        stored = documents, split, span
        batches = _chunks_of(source, stored, tokenizer, context, progress)
        batches = _shown(batches, progress, bar)
        with cache.placing(part) as place:
          chunk_files.write_part(place, batches, layout)
      parts.append(part)
    splits[split] = chunk_files.join(parts, work / split, layout)
    if source.streamed and split is Split.TRAIN:
      # nothing is stored: what the text is a function of stands for it
      splits[split]["sha256"] = source.identity
    elif not splits[split]["chunks"]:
      raise _too_small(name, split, counts, context)
  meta.update(
    name=name,
    tokenizer=tokenizer.name,
    tokenizer_sha256=tokenizer.sha256,
    vocab_size=tokenizer.vocab_size,
    context=context,
    dtype=tokenizer.dtype.str,
    split_rule=STREAM_SPLIT if source.streamed else KEY_SPLIT,
    splits=splits,
  )
  (work / "meta.json").write_text(json.dumps(meta, indent=2))


def _shown(batches: Iterator[dict], progress: Progress, bar) -> Iterator[dict]:
  for batch in batches:
    yield batch
    progress.advance(bar, int(batch["bytes"][:, 1:].sum()))


def _parts_of(folder: pathlib.Path) -> pathlib.Path:
  """Where the parts of a store wait for the last of them."""
  return cache.root() / "parts" / folder.name


def _chunks_of(source, stored, tokenizer, context, progress) -> Iterator[dict]:
  """Batches of the chunks of (folder, split, span) of kept documents."""
  with silence.at_rest(progress):
    from forgetting.data import tasks
  folder, split, span = stored
  task = tasks.corpus_task(
    source.name,
    tasks.stored(folder, span),
    context=context,
    tokenizer=tokenizer,
    chat=source.chat,
  )
  return tasks.chunk_batches(task, split)


def _too_small(name: str, split: Split, counts: dict, context: int):
  return InputError(
    f"{name}: found {counts[split]} {split} documents with"
    f" {counts[f'{split}_bytes']} bytes, expected enough for one chunk of"
    f" {context + 1} tokens (dropped: {counts['too_short']} too short,"
    f" {counts['duplicates']} duplicates, {counts['near_duplicates']} near"
    " duplicates); about one document in 20 is for validation, so add text"
  )
