"""GGUF files: metadata, and tensors of five kinds of numbers.

The format as its specification has it, versions 2 and 3, little-endian.
"""

from collections.abc import Callable
import math
import pathlib
import struct
from typing import Any, NamedTuple

import numpy as np

from forgetting.config import InputError
from forgetting.storage import safetensors

MAGIC, VERSIONS, ALIGNMENT = b"GGUF", (2, 3), 32
STRING, ARRAY, BOOL = 8, 9, 7
SCALARS = {
  0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", BOOL: "?",
  10: "Q", 11: "q", 12: "d",
}  # fmt: skip
IN_BLOCK = 32  # numbers that a quantised block holds


def _q4_1(blocks: np.ndarray) -> np.ndarray:
  """Four bits each, between a scale and a smallest number of the block."""
  scale, lowest = (blocks[:, i : i + 2].view("<f2") for i in (0, 2))
  packed = blocks[:, 4:]
  digits = np.concatenate([packed & 0xF, packed >> 4], axis=1)
  return scale.astype(np.float32) * digits + lowest.astype(np.float32)


def _q8_0(blocks: np.ndarray) -> np.ndarray:
  """Eight bits each, times a scale of the block."""
  scale = blocks[:, :2].view("<f2").astype(np.float32)
  return blocks[:, 2:].view(np.int8) * scale


class Kind(NamedTuple):
  """A kind of numbers.

  Attributes:
    name: as the format has it.
    size: bytes of a block.
    numbers: in a block.
    read: uint8 [blocks, size] -> float32 [blocks, numbers].
  """

  name: str
  size: int
  numbers: int
  read: Callable[[np.ndarray], np.ndarray]


KINDS = {
  0: Kind("F32", 4, 1, lambda b: b.view("<f4")),
  1: Kind("F16", 2, 1, lambda b: b.view("<f2").astype(np.float32)),
  3: Kind("Q4_1", 20, IN_BLOCK, _q4_1),
  8: Kind("Q8_0", 34, IN_BLOCK, _q8_0),
  30: Kind("BF16", 2, 1, lambda b: safetensors.widened(b.view("<u2"))),
}


class Place(NamedTuple):
  """Where a tensor lies.

  Attributes:
    file: that holds it.
    kind: of its numbers, as the format counts them.
    shape: of it, the longest stride first.
    first: byte of the file.
  """

  file: pathlib.Path
  kind: int
  shape: tuple[int, ...]
  first: int

  def read(self) -> np.ndarray:
    """Its numbers, float32.

    Raises:
      InputError: of another kind than is read.
    """
    kind = KINDS.get(self.kind)
    if kind is None:
      raise InputError(
        f"{self.file}: found numbers of kind {self.kind}, expected"
        f" {', '.join(k.name for k in KINDS.values())}"
      )
    blocks = math.prod(self.shape) // kind.numbers
    shape = (blocks, kind.size)
    found = np.memmap(self.file, np.uint8, "r", self.first, shape)
    return kind.read(np.asarray(found)).reshape(self.shape)


class File(NamedTuple):
  """What a file says.

  Attributes:
    settings: its metadata, by key.
    tensors: where each lies, by name.
  """

  settings: dict[str, Any]
  tensors: dict[str, Place]


def read(file: pathlib.Path) -> File:
  """Reads the metadata of a file.

  Args:
    file: of this machine.

  Raises:
    InputError: no such file, or not one of these.
  """
  try:
    whole = np.memmap(file, np.uint8, "r")
  except FileNotFoundError as error:
    raise InputError(f"{file}: no such file, expected a .gguf file") from error
  except ValueError as error:  # nothing in it
    raise InputError(f"{file}: is no whole GGUF file") from error
  reader = _Reader(whole.data)
  try:
    if bytes(whole[:4]) != MAGIC or reader.skip(4).number("I") not in VERSIONS:
      raise ValueError
    count, pairs = reader.number("Q"), reader.number("Q")
    settings = {reader.text(): reader.value() for _ in range(pairs)}
    told = [reader.tensor() for _ in range(count)]
  except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
    raise InputError(f"{file}: is no whole GGUF file") from error
  aligned = settings.get("general.alignment", ALIGNMENT)
  start = -(-reader.at // aligned) * aligned
  return File(
    settings,
    {
      name: Place(file, kind, shape, start + offset)
      for name, shape, kind, offset in told
    },
  )


class _Reader:
  """Numbers and texts, one after the other."""

  def __init__(self, content: memoryview):
    self.at = 0
    self._content = content

  def skip(self, size: int) -> "_Reader":
    self.at += size
    return self

  def number(self, code: str):
    (found,) = struct.unpack_from(f"<{code}", self._content, self.at)
    self.at += struct.calcsize(f"<{code}")
    return found

  def text(self) -> str:
    size = self.number("Q")
    found = bytes(self._content[self.at : self.at + size])
    if len(found) != size:
      raise ValueError
    self.at += size
    return found.decode()

  def value(self, kind: int | None = None):
    kind = self.number("I") if kind is None else kind
    if kind == STRING:
      return self.text()
    if kind == ARRAY:
      inner, count = self.number("I"), self.number("Q")
      return [self.value(inner) for _ in range(count)]
    return self.number(SCALARS[kind])

  def tensor(self) -> tuple[str, tuple[int, ...], int, int]:
    name, axes = self.text(), self.number("I")
    shape = tuple(self.number("Q") for _ in range(axes))[::-1]
    return name, shape, self.number("I"), self.number("Q")
