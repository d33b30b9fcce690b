"""Chunks of a split in files: written in parts, joined, memory-mapped.

A part is whole or absent, so that a preparation that was interrupted goes on
where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
import hashlib
import json
import pathlib

import numpy as np

from forgetting.config import InputError

TOKENS, BYTES, WEIGHTS = ".tokens", ".target_bytes", ".weights"
FACTS = ("chunks", "tokens", "weighted_tokens", "bytes")

_PART = "part"  # its files are called part.tokens, ...
_COPY_BYTES = 1 << 22

Batches = Iterator[dict[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Layout:
  """What the files of a split hold, with L the context.

  Attributes:
    dtype: of token ids, [n, L+1].
    context: L.
    weighted: whether there are weights, [n, L] uint8.
  """

  dtype: np.dtype
  context: int
  weighted: bool

  @property
  def suffixes(self) -> list[str]:
    """The files of a split: of tokens, of bytes and, if any, of weights."""
    return [TOKENS, BYTES, *([WEIGHTS] if self.weighted else [])]


def write_part(folder: pathlib.Path, batches: Batches, layout: Layout) -> None:
  """Writes the chunks of one part, and beside them bytes, weights and facts.

  A chunk none of whose targets carries loss is left out.

  Args:
    folder: of this part alone.
    batches: of `tasks.chunk_batches`: "targets", "bytes" and "weights", each
      [n, L+1].
    layout: what the files hold.
  """
  facts = dict.fromkeys(FACTS, 0)
  prompts = _Prompts(layout.context)
  with contextlib.ExitStack() as stack:
    files = {
      suffix: stack.enter_context(open(folder / f"{_PART}{suffix}", "wb"))
      for suffix in layout.suffixes
    }
    for batch in batches:
      prompts.see(batch["weights"][:, 1:])
      # a chunk of a prompt alone has no loss and gives nothing to the next
      counts = batch["weights"][:, 1:].any(1)
      weights = batch["weights"][counts, 1:].astype(np.uint8)
      sizes = (batch["bytes"][counts, 1:] * weights).sum(1, dtype="<u4")
      columns = {
        TOKENS: batch["targets"][counts].astype(layout.dtype),
        BYTES: sizes,
        WEIGHTS: weights,
      }
      for suffix, file in files.items():
        file.write(columns[suffix].tobytes())
      found = (len(weights), weights.size, weights.sum(), sizes.sum())
      for name, value in zip(FACTS, found, strict=True):
        facts[name] += int(value)
  told = facts | ({"long_prompts": prompts.long} if layout.weighted else {})
  (folder / "facts.json").write_text(json.dumps(told))


class _Prompts:
  """Counts prompts that no chunk holds: more tokens without loss than L.

  Args:
    context: L.
  """

  def __init__(self, context: int):
    self.long = 0
    self._context, self._held = context, 0

  def see(self, weights_nxl: np.ndarray) -> None:
    """Takes the next targets' weights, which follow those before."""
    stream = np.concatenate([np.zeros(self._held), weights_nxl.ravel()])
    ends = np.flatnonzero(stream)
    runs = np.diff(ends, prepend=-1) - 1
    self.long += int((runs > self._context).sum())
    self._held = len(stream) - (ends[-1] + 1 if len(ends) else 0)


def join(parts: list[pathlib.Path], path: pathlib.Path, layout: Layout) -> dict:
  """Puts parts one after another.

  Args:
    parts: folders that `write_part` filled.
    path: of the split's files, without their suffix.
    layout: what the files hold.

  Returns:
    facts of the whole: sums of `FACTS`, and "sha256" of the tokens and, if any,
    of the weights.
  """
  digest = hashlib.sha256()
  for suffix in layout.suffixes:
    seen = digest.update if suffix != BYTES else _ignore
    with open(path.with_suffix(suffix), "wb") as whole:
      for part in parts:
        with open(part / f"{_PART}{suffix}", "rb") as piece:
          while block := piece.read(_COPY_BYTES):
            whole.write(block)
            seen(block)
  told = [json.loads((part / "facts.json").read_text()) for part in parts]
  sums = {name: sum(facts[name] for facts in told) for name in FACTS}
  if layout.weighted:
    sums["long_prompts"] = sum(facts.get("long_prompts", 0) for facts in told)
  return {**sums, "sha256": digest.hexdigest()}


def _ignore(block: bytes) -> None:
  del block


def open_split(path: pathlib.Path, layout: Layout, *, chunks: int) -> dict:
  """Maps the files of a split into memory.

  Args:
    path: of the split's files, without their suffix.
    layout: what the files hold.
    chunks: n, how many there are.

  Returns:
    suffix -> array: token ids [n, L+1], bytes [n] uint32, weights [n, L] uint8.

  Raises:
    InputError: a file is damaged.
  """
  length = layout.context
  shapes = {
    TOKENS: (layout.dtype, (chunks, length + 1)),
    BYTES: (np.dtype("<u4"), (chunks,)),
    WEIGHTS: (np.dtype("u1"), (chunks, length)),
  }
  return {
    suffix: _map(path.with_suffix(suffix), *shapes[suffix])
    for suffix in layout.suffixes
  }


def _map(path: pathlib.Path, dtype, shape: tuple[int, ...]) -> np.ndarray:
  """Maps a file that must have exactly the size its record says."""
  expected = int(np.prod(shape)) * dtype.itemsize
  found = path.stat().st_size if path.exists() else 0
  if found != expected:
    raise InputError(
      f"{path} is damaged: found {found} bytes, expected {expected}; delete"
      " its folder and prepare again"
    )
  if not expected:  # a streamed source has no stored training text
    return np.empty(shape, dtype)
  return np.memmap(path, dtype, mode="r", shape=shape)
