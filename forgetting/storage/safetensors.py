"""Safetensors files, by the length of their header, its JSON and a memory map.

A reader of one's own: the package's does not know bfloat16 in numpy, or puts
every tensor on the device. Here bfloat16, of which numpy has none either, is
read as the float32 that it is the upper half of.
"""

from collections.abc import Iterable, Mapping
import json
import math
import pathlib
import struct
from typing import NamedTuple

import numpy as np

from forgetting.config import InputError
from forgetting.config.errors import readable

BFLOAT16 = "BF16"
# as they lie in a file
TYPES: dict[str, np.dtype] = {
  "F64": np.dtype(np.float64),
  "F32": np.dtype(np.float32),
  "F16": np.dtype(np.float16),
  BFLOAT16: np.dtype(np.uint16),
  "I64": np.dtype(np.int64),
  "I32": np.dtype(np.int32),
  "U8": np.dtype(np.uint8),
  "BOOL": np.dtype(np.bool_),
}
WEIGHTS = ("F64", "F32", "F16", BFLOAT16)  # the others are of buffers alone
MOST_HEADER = 100 << 20  # bytes, as the package has it
ALIGNED = 8


class Place(NamedTuple):
  """Where a tensor lies.

  Attributes:
    file: that holds it.
    type: of its numbers, as the format calls it.
    shape: of it.
    first, last: bytes of the file, from first up to last.
    name: of it.
  """

  file: pathlib.Path
  type: str
  shape: tuple[int, ...]
  first: int
  last: int
  name: str

  def read(self) -> np.ndarray:
    """Its numbers, read-only, from a memory map; of bfloat16 as float32.

    Raises:
      InputError: numbers of a type that no weights here have.
    """
    if self.type not in WEIGHTS:
      raise InputError(
        f"{self.file}: {self.name}: found numbers of type {self.type}, expected"
        f" one of {', '.join(WEIGHTS)}; quantised weights are not read"
      )
    found = self.raw().view(TYPES[self.type]).reshape(self.shape)
    return widened(found) if self.type == BFLOAT16 else found

  def raw(self) -> np.ndarray:
    """Its bytes, uint8, from a memory map."""
    size = self.last - self.first
    if not size:
      return np.empty(0, np.uint8)
    with readable(self.file):
      return np.memmap(self.file, np.uint8, "r", self.first, (size,))


def places(file: pathlib.Path) -> dict[str, Place]:
  """Name -> where it lies, of every tensor of a file.

  Args:
    file: of this machine.

  Raises:
    InputError: no such file, one that cannot be read, or no safetensors file.
  """
  with readable(file):
    return _places(file)


def _places(file: pathlib.Path) -> dict[str, Place]:
  try:
    length, header = _header(file)
    start, size = 8 + length, file.stat().st_size
    out = {}
    for name, told in header.items():
      if name == "__metadata__":
        continue
      first, last = (start + offset for offset in told["data_offsets"])
      if not start <= first <= last <= size:
        raise ValueError
      out[name] = Place(
        file, told["dtype"], tuple(told["shape"]), first, last, name
      )
    return out
  except FileNotFoundError as error:
    raise InputError(f"{file}: no such file, expected weights") from error
  except (ValueError, KeyError, TypeError, struct.error, AttributeError) as e:
    raise InputError(
      f"{file}: is no whole safetensors file; fetch it again"
    ) from e


def _header(file: pathlib.Path) -> tuple[int, dict]:
  with file.open("rb") as opened:
    (length,) = struct.unpack("<Q", opened.read(8))
    if length > MOST_HEADER:
      raise ValueError
    return length, json.loads(opened.read(length))


def widened(upper: np.ndarray) -> np.ndarray:
  """Bfloat16, given as its bits, as float32: exact.

  Args:
    upper: uint16 of any shape.
  """
  return (upper.astype(np.uint32) << 16).view(np.float32)


def rounded(x: np.ndarray) -> np.ndarray:
  """The nearest bfloat16s, ties to even, as their bits.

  Args:
    x: float32 of any shape, finite.

  Returns:
    uint16.
  """
  bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
  odd = (bits >> 16) & 1
  return ((bits + 0x7FFF + odd) >> 16).astype(np.uint16)


class Written(NamedTuple):
  """A tensor to be written.

  Attributes:
    type: of its numbers, as the format calls it.
    shape: of it.
  """

  type: str
  shape: tuple[int, ...]

  @property
  def size(self) -> int:
    """Bytes."""
    return TYPES[self.type].itemsize * math.prod(self.shape)

  def encoded(self, array: np.ndarray) -> np.ndarray:
    """Numbers as they lie in a file.

    Args:
      array: of its shape; uint8 are its bytes already.
    """
    if array.dtype == np.uint8:
      return array
    if self.type == BFLOAT16:
      array = rounded(array)
    return np.ascontiguousarray(array, TYPES[self.type])


def write(
  file: pathlib.Path,
  tensors: Mapping[str, Written],
  arrays: Iterable[np.ndarray],
) -> None:
  """Writes a file; one tensor at a time is in memory.

  Args:
    file: to write.
    tensors: name -> what is written under it, in the order of the file.
    arrays: their numbers, float32, or uint8 as they are, in that order.
  """
  header: dict[str, object] = {"__metadata__": {"format": "pt"}}
  offset = 0
  for name, told in tensors.items():
    ends = [offset, offset + told.size]
    header[name] = dict(dtype=told.type, shape=[*told.shape], data_offsets=ends)
    offset = ends[1]
  text = json.dumps(header, separators=(",", ":")).encode()
  text += b" " * (-len(text) % ALIGNED)
  with file.open("wb") as opened:
    opened.write(struct.pack("<Q", len(text)) + text)
    for told, array in zip(tensors.values(), arrays, strict=True):
      encoded = told.encoded(array).reshape(-1).view(np.uint8)
      if encoded.size != told.size:
        raise ValueError(f"{encoded.size} bytes for {told}")
      opened.write(encoded.data)
