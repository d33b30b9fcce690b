"""Chunks of several sources: their order, their weights."""

from hypothesis import given
from hypothesis import strategies as st
from numbered_chunks import (
  LENGTH,
  TARGET_FIRST,
  domain,
  first_tokens,
  mixture,
)
import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.data.mixture import Epochs
from forgetting.data.pool import Pool, chunks_within


def test_unique_target_tokens_are_what_was_asked():
  m = mixture(injection=0.05)
  rows = first_tokens(m, 0, 60).ravel()
  target = rows[rows >= TARGET_FIRST]
  assert len(np.unique(target)) == 40
  # each epoch is every chunk once, in an order of its own
  epochs = target[: len(target) // 40 * 40].reshape(-1, 40)
  assert all(len(set(epoch)) == 40 for epoch in epochs)
  assert not np.array_equal(epochs[0], epochs[1])


def test_target_chunks_are_nested_in_their_number_and_depend_on_the_seed():
  small, large = (set(domain(chunks=n).unique) for n in (20, 60))
  assert small < large
  assert small != set(domain(chunks=20, seed=1).unique)


def prompted(seed: int, chunks: int = 50) -> Pool:
  """Chunks of which a random part counts."""
  draw = np.random.default_rng(seed)
  tokens = draw.integers(0, 99, (chunks, LENGTH), np.uint32)
  weights = draw.integers(0, 2, (chunks, LENGTH - 1), np.uint8)
  weights[:, -1] = 1
  return Pool((tokens,), (weights,))


@given(seed=st.integers(0, 1000), share=st.floats(0.1, 1))
def test_target_tokens_are_the_most_weighted_ones_within_what_was_asked(
  seed, share
):
  target = prompted(seed)
  asked = int(share * target.weights[0].sum())
  chunks = chunks_within(target, asked, seed=seed)
  found = Epochs(target, chunks, seed)
  assert found.tokens == target.weights[0][found.unique].sum() <= asked
  if chunks < len(target):
    assert Epochs(target, chunks + 1, seed).tokens > asked


def test_pools_of_different_lengths_are_refused():
  with pytest.raises(InputError, match="one length"):
    Pool((np.zeros((2, 5), int), np.zeros((2, 6), int)))
