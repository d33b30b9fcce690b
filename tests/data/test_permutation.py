"""Orders without memory: each index once, well mixed."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.data.permutation import permute


@given(
  size=st.integers(1, 3000), key=st.integers(0, 2**63), other=st.integers(0, 9)
)
@settings(max_examples=50)
def test_permute_is_a_permutation(size, key, other):
  images = permute(np.arange(size), size, key=key)
  assert sorted(images) == list(range(size))
  np.testing.assert_array_equal(
    images[: size // 2], permute(np.arange(size // 2), size, key=key)
  )


def test_permute_mixes():
  images = permute(np.arange(4000), 4000, key=1)
  assert abs(np.corrcoef(images, np.arange(4000))[0, 1]) < 0.05
  assert abs(np.corrcoef(images[1:], images[:-1])[0, 1]) < 0.05
  other = permute(np.arange(4000), 4000, key=2)
  assert np.mean(images == other) < 0.01
  with pytest.raises(IndexError):
    permute(np.array([4]), 4, key=0)
