"""Orders without memory: any element of a shuffled range, at once."""

import numpy as np


def stream_key(seed: int, purpose: str) -> int:
  """A key for one purpose of one seed: streams never share their order.

  Args:
    seed: of a run.
    purpose: a word, as in "epoch 3".

  Returns:
    an integer of 64 bits.
  """
  words = [seed, *purpose.encode()]
  return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])


def permute(index: np.ndarray, size: int, *, key: int) -> np.ndarray:
  """Images of `index` under a pseudo-random permutation of range(size).

  A Feistel network over the next even power of two; what falls outside the
  range walks on until it falls inside (Black & Rogaway 2002). It needs no
  memory, whatever the size, and depends on (size, key) alone.

  Args:
    index: int64 [n], each in [0, size).
    size: of the range.
    key: of `stream_key`.

  Returns:
    int64 [n].

  Raises:
    IndexError: an index is outside the range.
  """
  if np.any(index < 0) or np.any(index >= size):
    raise IndexError(f"permute: an index is outside [0, {size})")
  half = max(1, (int(size - 1).bit_length() + 1) // 2)
  keys = np.random.SeedSequence([key, size]).generate_state(6, np.uint64)
  out = np.asarray(index, np.uint64).copy()
  walking = np.arange(out.size)
  while walking.size:
    out[walking] = _feistel(out[walking], half, keys)
    walking = walking[out[walking] >= size]
  return out.astype(np.int64)


def _feistel(x: np.ndarray, half: int, keys: np.ndarray) -> np.ndarray:
  """Rounds of x = (left, right) -> (right, left ^ hash(right, key))."""
  shift, high = np.uint64(half), np.uint64(32)
  mask = np.uint64((1 << half) - 1)
  left, right = x >> shift, x & mask
  for key in keys:
    mixed = (right ^ key) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> high)) * np.uint64(0xD6E8FEB86659FD93)
    left, right = right, left ^ ((mixed >> high) & mask)
  return (left << shift) | right
