"""Shingles: hashes of every run of n words, and a table of those seen.

Both are whole-array operations; the hash depends on the bytes alone.
"""

from __future__ import annotations

import numpy as np

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_PROBES = 3
_SMALLEST, _LARGEST = 20, 32  # log2 of the table's bits: 128 KiB to 512 MiB
_BLANK = 32


def _byte_codes() -> np.ndarray:
  """A fixed random-looking number for each byte value, [256] uint64."""
  return _mixed(np.arange(1, 257, dtype=np.uint64) * np.uint64(_BASE))


def _mixed(values: np.ndarray) -> np.ndarray:
  """The finaliser of splitmix64: spreads every bit over all bits."""
  with np.errstate(over="ignore"):
    values = (values ^ (values >> np.uint64(30))) * np.uint64(
      0xBF58476D1CE4E5B9
    )
    values = (values ^ (values >> np.uint64(27))) * np.uint64(
      0x94D049BB133111EB
    )
    return values ^ (values >> np.uint64(31))


def _powers(base: int, count: int) -> np.ndarray:
  powers = np.full(count, base, np.uint64)
  powers[0] = 1
  return np.cumprod(powers, dtype=np.uint64)


class _PowerTables:
  """Powers of the base and of its inverse, grown when a text is longer."""

  def __init__(self):
    self.up = self.down = np.ones(1, np.uint64)

  def reach(self, count: int) -> None:
    if len(self.up) < count:
      size = 1 << count.bit_length()
      self.up = _powers(_BASE, size)
      self.down = _powers(pow(_BASE, -1, 1 << 64), size)


_CODES = _byte_codes()
_TABLES = _PowerTables()


def shingle_hashes(words: bytes, count: int) -> np.ndarray:
  """The distinct hashes of every run of `count` words.

  A prefix sum of byte codes times powers of the base, modulo 2^64, gives the
  hash of any span by one subtraction and one product (Rabin-Karp).

  Args:
    words: words separated by single blanks.
    count: words a shingle.

  Returns:
    uint64, sorted; none where there are fewer words.
  """
  text = np.frombuffer(words, np.uint8)
  blanks = np.flatnonzero(text == _BLANK)
  starts = np.concatenate(([0], blanks + 1))
  ends = np.concatenate((blanks, [len(text)]))
  if not len(text) or len(starts) < count:
    return np.empty(0, np.uint64)
  starts, ends = starts[: len(starts) - count + 1], ends[count - 1 :]
  _TABLES.reach(len(text) + 1)
  prefix = np.zeros(len(text) + 1, np.uint64)
  np.cumsum(_CODES[text] * _TABLES.up[: len(text)], out=prefix[1:])
  spans = (prefix[ends] - prefix[starts]) * _TABLES.down[starts]
  return np.unique(_mixed(spans))


class SeenTable:
  """A Bloom filter: a set of hashes in a table of fixed size.

  It never forgets a member and calls a stranger a member at the rate
  `false_positive_rate`. A document falls only when more than half of its
  more than 20 shingles are called seen, so a document that is all new falls
  with the probability that a binomial of 21 at that rate exceeds 10: below
  1e-9 while the rate is below 0.04.

  Args:
    log2_bits: log2 of the bits of the table.
  """

  def __init__(self, log2_bits: int):
    self._mask = np.uint64((1 << log2_bits) - 1)
    self._words = np.zeros(1 << (log2_bits - 3), np.uint8)

  @classmethod
  def for_text(cls, size: int) -> SeenTable:
    """A table that text fits into: about 20 bits a word, bounded.

    Args:
      size: bytes of the text.
    """
    return cls(min(max((4 * size).bit_length(), _SMALLEST), _LARGEST))

  def contains(self, hashes: np.ndarray) -> np.ndarray:
    """Which hashes are members; a stranger may be called one.

    Args:
      hashes: uint64 [n].

    Returns:
      bool [n].
    """
    found = np.ones(len(hashes), bool)
    for bits in self._bits(hashes):
      shifted = self._words[bits >> np.uint64(3)] >> _within_byte(bits)
      found &= (shifted & 1).astype(bool)
    return found

  def add(self, hashes: np.ndarray) -> None:
    """Makes hashes members.

    Args:
      hashes: uint64 [n].
    """
    for bits in self._bits(hashes):
      np.bitwise_or.at(
        self._words, bits >> np.uint64(3), np.uint8(1) << _within_byte(bits)
      )

  def false_positive_rate(self) -> float:
    """The chance that a stranger is called a member now.

    Returns:
      the share of set bits to the power of the number of probes.
    """
    step = 1 << 24
    set_bits = sum(
      int(np.bitwise_count(self._words[start : start + step]).sum())
      for start in range(0, len(self._words), step)
    )
    return (set_bits / (8 * len(self._words))) ** _PROBES

  def _bits(self, hashes: np.ndarray):
    """Bit positions of each probe: double hashing, the second step odd."""
    step = _mixed(hashes) | np.uint64(1)
    for probe in range(_PROBES):
      yield (hashes + np.uint64(probe) * step) & self._mask


def _within_byte(bits: np.ndarray) -> np.ndarray:
  """The last three bits: which bit of its byte."""
  return (bits & np.uint64(7)).astype(np.uint8)
