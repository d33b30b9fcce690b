"""Chunks of one source as they lie on the disk, memory-mapped: numpy alone."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib

import numpy as np

from forgetting.config import InputError
from forgetting.data import chunk_files
from forgetting.data.chunk_files import Layout
from forgetting.data.documents import Split


@dataclasses.dataclass(frozen=True)
class Prepared:
  """One corpus or domain, tokenised and cut, with L the context.

  Attributes:
    name: of the catalogue, or made of the user's path.
    train: [n, L+1] memory-mapped token ids; chunk i+1 begins with the last
      token of chunk i, save where a part of the text ends. Of a streamed
      source it is empty.
    validation: [m, L+1].
    train_bytes: [n] uint32: UTF-8 bytes that the L targets of a chunk, its
      tokens but the first, stand for; the end-of-text token and tokens
      without loss count 0.
    validation_bytes: [m].
    meta: where it comes from, licence, hashes, counts.
    train_weights: [n, L] uint8: 0 for a target that carries no loss, as those
      of a prompt; None: every target carries it.
    validation_weights: [m, L] or None.
  """

  name: str
  train: np.ndarray
  validation: np.ndarray
  train_bytes: np.ndarray
  validation_bytes: np.ndarray
  meta: dict
  train_weights: np.ndarray | None = None
  validation_weights: np.ndarray | None = None

  @functools.cached_property
  def largest_id(self) -> int:
    """Of all tokens of both splits; it reads them."""
    splits = (self.train, self.validation)
    return max((int(split.max()) for split in splits if len(split)), default=0)


def open_folder(folder: pathlib.Path, name: str, source: str) -> Prepared:
  """Opens the chunks that a folder has.

  Args:
    folder: that they were written to.
    name: of the source.
    source: what a message calls it.

  Raises:
    InputError: nothing is prepared there.
  """
  try:
    meta = json.loads((folder / "meta.json").read_text())
  except FileNotFoundError as error:
    raise InputError(
      f"{source}: not prepared as {folder.name}; run `forgetting data prepare"
      f" {source}` first"
    ) from error
  layout = Layout(np.dtype(meta["dtype"]), meta["context"], meta["prompted"])
  arrays = {}
  for split in Split:
    found = chunk_files.open_split(
      folder / split, layout, chunks=meta["splits"][split]["chunks"]
    )
    arrays[f"{split}"] = found[chunk_files.TOKENS]
    arrays[f"{split}_bytes"] = found[chunk_files.BYTES]
    arrays[f"{split}_weights"] = found.get(chunk_files.WEIGHTS)
  return Prepared(name=name, meta=meta, **arrays)
