"""Kept documents on disk, one file a split: what tasks and samples read."""

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
  kept,
  split_of,
)
from forgetting.data.sources import Source

_LENGTH = struct.Struct("<I")
_SPAN_BYTES = 1 << 26


def folder_of(source: Source) -> pathlib.Path:
  """Where its kept documents are, or will be."""
  key = cache.key_of(
    source.identity, FILTER_VERSION, dataclasses.astuple(source.rules)
  )
  return cache.root() / "documents" / f"{source.name}-{key}"


def ensure(source: Source, progress: Progress) -> pathlib.Path:
  """The folder of its kept documents; reads and filters them if absent."""
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
  """Where the documents come from and what was kept of them."""
  return json.loads((folder / "meta.json").read_text())


def read(
  folder: pathlib.Path, split: Split, span: range | None = None
) -> Iterator[bytes]:
  """The UTF-8 documents of a split, in key order; all, or those of a span."""
  with open(_file(folder, split), "rb") as file:
    file.seek(span.start if span else 0)
    while span is None or file.tell() < span.stop:
      if not (head := file.read(_LENGTH.size)):
        break
      yield file.read(_LENGTH.unpack(head)[0])


def spans(folder: pathlib.Path, split: Split) -> list[range]:
  """Bytes of the file in parts of whole documents: what is cut at a time."""
  path, found, start, place = _file(folder, split), [], 0, 0
  with open(path, "rb") as file:
    while head := file.read(_LENGTH.size):
      place = file.seek(_LENGTH.unpack(head)[0], os.SEEK_CUR)
      if place - start >= _SPAN_BYTES:
        found.append(range(start, place))
        start = place
  return [*found, range(start, place)] if place > start else found


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
    raise InputError(
      f"{source.name}: found {counts.read} documents and none of 40 or more"
      f" characters in {source.about['source']}; expected text"
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
  task = progress.add_task(f"{source.name}: reading documents", total=None)
  for number, document in enumerate(documents, 1):
    yield document
    if number % 100 == 0:
      progress.update(task, completed=number)
  progress.update(task, description=f"{source.name}: filtering")
