"""Kept documents on disk, a file a split: what seqio tasks and samples read."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import json
import os
import pathlib
import struct

from rich.progress import Progress

from forgetting.config import InputError
from forgetting.data import cache
from forgetting.data.documents import (
  FILTER_VERSION,
  Counts,
  Split,
  dropped,
  kept,
  split_of,
)
from forgetting.data.sources import Source

_LENGTH = struct.Struct("<I")
_SPAN_BYTES = 1 << 26


def folder_of(source: Source) -> pathlib.Path:
  """Where a source's kept documents are, or will be.

  Args:
    source: its identity and rules make the folder's name.
  """
  key = cache.key_of(
    source.identity, FILTER_VERSION, dataclasses.astuple(source.rules)
  )
  return cache.root() / "documents" / f"{source.name}-{key}"


def ensure(source: Source, progress: Progress) -> pathlib.Path:
  """Reads and filters a source, unless that has been done.

  Args:
    source: whose documents to keep.
    progress: where to show the work.

  Returns:
    the folder of its kept documents.

  Raises:
    InputError: it cannot be read, or none of its documents is kept.
  """
  folder = folder_of(source)
  if not (folder / "meta.json").exists():
    with cache.placing(folder) as work:
      counts = _write(source, work, progress)
      meta = {
        **source.about,
        "prompted": source.prompted,
        "documents": dataclasses.asdict(counts),
      }
      (work / "meta.json").write_text(json.dumps(meta, indent=2))
  return folder


def meta_of(folder: pathlib.Path) -> dict:
  """Where documents come from and what was kept of them.

  Args:
    folder: of `ensure`.

  Returns:
    "source", "licence", "extractor_version", "prompted", and "documents", the
    numbers of `Counts`.
  """
  return json.loads((folder / "meta.json").read_text())


def read(
  folder: pathlib.Path, split: Split, span: range | None = None
) -> Iterator[bytes]:
  """The documents of a split, in key order.

  Args:
    folder: of `ensure`.
    split: which of them.
    span: bytes of the file, of `spans`; None: all.

  Yields:
    each document as UTF-8.
  """
  with open(_file(folder, split), "rb") as file:
    file.seek(span.start if span else 0)
    while span is None or file.tell() < span.stop:
      if not (head := file.read(_LENGTH.size)):
        break
      yield file.read(_LENGTH.unpack(head)[0])


def spans(folder: pathlib.Path, split: Split) -> list[range]:
  """Parts of a split's file that hold whole documents: what is cut at a time.

  Args:
    folder: of `ensure`.
    split: which of its files.

  Returns:
    ranges of bytes that follow each other, each of 64 MiB or a little more.
  """
  path, found, start, position = _file(folder, split), [], 0, 0
  with open(path, "rb") as file:
    while head := file.read(_LENGTH.size):
      position = file.seek(_LENGTH.unpack(head)[0], os.SEEK_CUR)
      if position - start >= _SPAN_BYTES:
        found.append(range(start, position))
        start = position
  return [*found, range(start, position)] if position > start else found


def _file(folder: pathlib.Path, split: Split) -> pathlib.Path:
  return folder / f"{split}.documents"


def _write(source: Source, work: pathlib.Path, progress: Progress) -> Counts:
  counts = Counts()
  documents = _watched(source, progress, counts)
  files = {
    split: open(_file(work, split), "wb", buffering=1 << 20) for split in Split
  }
  try:
    splits = _all_validation if source.streamed else split_of
    for split, text in kept(documents, source.rules, counts, splits=splits):
      files[split].write(_LENGTH.pack(len(text)))
      files[split].write(text)
  finally:
    for file in files.values():
      file.close()
  if not counts.train + counts.validation:
    why = dropped(dataclasses.asdict(counts))
    spoken = counts.not_chats and (
      ", or chats in which an assistant speaks, without tools and images"
    )
    raise InputError(
      f"{source.name}: found {counts.read} documents and none of 40 or more"
      f" characters in {source.about['source']}"
      f"{f' (dropped: {why})' if why else ''}; expected text{spoken or ''}"
    )
  return counts


def _all_validation(document_key: bytes) -> Split:
  del document_key
  return Split.VALIDATION


def _watched(
  source: Source, progress: Progress, counts: Counts
) -> Iterator[str]:
  """The source's documents, with a count for people."""
  documents = source.documents(progress, counts)
  bar = progress.add_task(f"{source.name}: reading documents", total=None)
  for number, document in enumerate(documents, 1):
    yield document
    if number % 100 == 0:
      progress.update(bar, completed=number)
  progress.update(bar, description=f"{source.name}: filtering")
