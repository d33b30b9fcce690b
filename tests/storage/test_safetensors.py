import json
import struct

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.storage import safetensors
from forgetting.storage.safetensors import Written


def test_what_is_written_is_read(tmp_path):
  draw = np.random.default_rng(0)
  arrays = {
    "a": ("F32", draw.normal(size=(3, 4)).astype(np.float32)),
    "b": ("F16", draw.normal(size=5).astype(np.float16)),
    "c": ("BF16", np.float32([1.5, -2.0, 0.0])),
    "none": ("F32", np.zeros((0, 2), np.float32)),
  }
  file = tmp_path / "x.safetensors"
  told = {name: Written(kind, x.shape) for name, (kind, x) in arrays.items()}
  safetensors.write(file, told, (x for _, x in arrays.values()))
  found = safetensors.places(file)
  assert [*found] == [*arrays]
  for name, (kind, x) in arrays.items():
    assert found[name].type == kind
    np.testing.assert_array_equal(found[name].read(), x)
  (length,) = struct.unpack("<Q", file.read_bytes()[:8])
  header = json.loads(file.read_bytes()[8 : 8 + length])
  assert header["__metadata__"] == {"format": "pt"}
  assert length % 8 == 0


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_the_nearest_bfloat16_is_at_most_half_a_step_away(values):
  x = np.float32(values)
  bits = safetensors.rounded(x)
  wide = safetensors.widened(bits)
  np.testing.assert_array_equal(safetensors.rounded(wide), bits)
  normal = (np.abs(x) > 1e-37) & (np.abs(x) < 3e38)
  error = np.abs(wide[normal].astype(np.float64) - x[normal])
  assert (error <= np.abs(x[normal].astype(np.float64)) * 2**-8).all()


def test_ties_go_to_the_even_one():
  half = np.float32([1 + 2**-8, 1 + 3 * 2**-8])
  wide = safetensors.widened(safetensors.rounded(half))
  assert wide.tolist() == [1, 1 + 2**-6]


def test_damage_is_told_in_a_line(tmp_path):
  file = tmp_path / "x.safetensors"
  with pytest.raises(InputError, match="no such file"):
    safetensors.places(file)
  told = {"a": Written("F32", (2, 2))}
  safetensors.write(file, told, [np.zeros((2, 2), np.float32)])
  whole = file.read_bytes()
  for part in (b"", whole[:4], whole[:20], whole[:-1], b"\xff" * 40):
    file.write_bytes(part)
    with pytest.raises(InputError, match="no whole safetensors file"):
      safetensors.places(file)


def test_numbers_of_no_known_type_are_refused(tmp_path):
  for kind in ("F8_E4M3", "I64", "I32", "I16", "I8", "U8", "BOOL"):
    place = safetensors.Place(tmp_path / "x", kind, (2,), 0, 2, "up_proj")
    with pytest.raises(InputError, match=f"x: up_proj: found .* type {kind},"):
      place.read()
