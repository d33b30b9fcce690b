import struct

import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.storage import gguf


def text(value: str) -> bytes:
  content = value.encode()
  return struct.pack("<Q", len(content)) + content


def setting(key: str, value) -> bytes:
  """A pair of the metadata: a text, a number, or a list of texts or ints."""
  if isinstance(value, str):
    return text(key) + struct.pack("<I", 8) + text(value)
  if isinstance(value, float):
    return text(key) + struct.pack("<If", 6, value)
  if isinstance(value, list):
    of_text = isinstance(value[0], str)
    head = struct.pack("<IIQ", 9, 8 if of_text else 5, len(value))
    items = (text(v) if of_text else struct.pack("<i", v) for v in value)
    return text(key) + head + b"".join(items)
  return text(key) + struct.pack("<II", 4, value)


def written(file, settings: dict, tensors: dict) -> None:
  """A file of tensors given as (kind, shape, bytes)."""
  head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(settings))
  head += b"".join(setting(*pair) for pair in settings.items())
  offset, body = 0, b""
  for name, (kind, shape, content) in tensors.items():
    head += text(name) + struct.pack("<I", len(shape))
    head += struct.pack(f"<{len(shape)}Q", *reversed(shape))
    head += struct.pack("<IQ", kind, offset)
    body += content + b"\0" * (-len(content) % 32)
    offset = len(body)
  file.write_bytes(head + b"\0" * (-len(head) % 32) + body)


def test_every_kind_of_numbers_is_read(tmp_path):
  draw = np.random.default_rng(0)
  plain = draw.normal(size=(2, 3)).astype(np.float32)
  digits = draw.integers(0, 16, 32, np.uint8)
  signed = draw.integers(-128, 128, (2, 32)).astype(np.int8)
  scale, lowest = np.float16([0.125, -1.5])
  packed = digits[:16] | digits[16:] << 4
  four = scale.tobytes() + lowest.tobytes() + packed.tobytes()
  eight = b"".join(scale.tobytes() + row.tobytes() for row in signed)
  half = plain.astype(np.float16)
  written(
    tmp_path / "x.gguf",
    {"a": "word", "b": 7, "c": 0.5, "d": ["x", "yz"], "e": [1, -2]},
    {
      "plain": (0, (2, 3), plain.tobytes()),
      "half": (1, (2, 3), half.tobytes()),
      "four": (3, (1, 32), four),
      "eight": (8, (2, 32), eight),
      "odd": (12, (1, 32), b"\0" * 32),
    },
  )
  found = gguf.read(tmp_path / "x.gguf")
  assert found.settings == dict(a="word", b=7, c=0.5, d=["x", "yz"], e=[1, -2])
  of = found.tensors
  np.testing.assert_array_equal(of["plain"].read(), plain)
  np.testing.assert_array_equal(of["half"].read(), half)
  np.testing.assert_array_equal(of["four"].read(), [digits * 0.125 - 1.5])
  np.testing.assert_array_equal(of["eight"].read(), signed * 0.125)
  with pytest.raises(InputError, match="numbers of kind 12, expected F32"):
    of["odd"].read()


def test_damage_is_told_in_a_line(tmp_path):
  file = tmp_path / "x.gguf"
  with pytest.raises(InputError, match="no such file"):
    gguf.read(file)
  written(file, {"a": "word"}, {"x": (0, (1,), b"abcd")})
  whole = file.read_bytes()
  for part in (b"", whole[:3], b"ZZZZ" + whole[4:], whole[:40]):
    file.write_bytes(part)
    with pytest.raises(InputError, match="no whole GGUF file"):
      gguf.read(file)
