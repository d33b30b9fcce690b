"""Kept documents on disk, one file a split: what tasks and samples read."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import json
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


def read(folder: pathlib.Path, split: Split) -> Iterator[bytes]:
  """The UTF-8 documents of a split, in key order."""
  with open(folder / f"{split}.documents", "rb") as file:
    while head := file.read(_LENGTH.size):
      yield file.read(_LENGTH.unpack(head)[0])


def _write(source: Source, work: pathlib.Path, progress: Progress) -> Counts:
  counts = Counts()
  documents = _watched(source, progress, counts)
  files = {
    split: open(work / f"{split}.documents", "wb", buffering=1 << 20)
    for split in Split
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
