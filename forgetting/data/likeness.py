"""How like one text is to another, from tokens alone: cheap, before any run."""

from __future__ import annotations

import dataclasses

import numpy as np

ORDER = 3  # tokens of the longest n-grams


@dataclasses.dataclass(frozen=True)
class NGrams:
  """An n-gram model of some text, interpolated after Witten and Bell (1991).

      p(w | h) = (c(h w) + t(h) p(w | h')) / (c(h) + t(h))

  with c counts, t(h) how many different tokens follow h, and h' the history
  without its first token.

  Attributes:
    vocab_size: tokens that can follow.
    grams: for each length n the n-grams that occur, as numbers, sorted.
    counts: of each.
  """

  vocab_size: int
  grams: tuple[np.ndarray, ...]
  counts: tuple[np.ndarray, ...]

  @classmethod
  def of(cls, chunks: np.ndarray, vocab_size: int) -> NGrams:
    """Counts those of some text.

    Args:
      chunks: token ids [n, L+1], each by itself.
      vocab_size: of the tokenizer.
    """
    found = [
      np.unique(_numbers(chunks, n, vocab_size), return_counts=True)
      for n in range(1, ORDER + 1)
    ]
    return cls(vocab_size, *map(tuple, zip(*found, strict=True)))

  def entropy(self, chunks: np.ndarray) -> float:
    """Mean negative log-likelihood of a text's tokens, nats a token.

    Args:
      chunks: token ids [n, L+1]; the first tokens of each are history alone.
    """
    last = _numbers(chunks, ORDER, self.vocab_size)
    p = np.full(len(last), 1 / self.vocab_size)
    for n in range(1, ORDER + 1):
      gram = last % self.vocab_size**n
      history = gram // self.vocab_size
      total, kinds = self._of_history(history, n)
      count = _looked_up(self.grams[n - 1], self.counts[n - 1], gram)
      known = total > 0
      p = np.where(
        known, (count + kinds * p) / np.where(known, total + kinds, 1), p
      )
    return float(-np.log(p).mean())

  def _of_history(self, history: np.ndarray, n: int):
    """Counts of histories of n - 1 tokens, and how many tokens follow."""
    grams, counts = self.grams[n - 1], self.counts[n - 1]
    heads, first = np.unique(grams // self.vocab_size, return_index=True)
    totals = np.add.reduceat(counts, first)
    kinds = np.diff(np.append(first, len(grams)))
    return (
      _looked_up(heads, totals, history),
      _looked_up(heads, kinds, history),
    )

  def covers(self, chunks: np.ndarray) -> float:
    """The share of a text's longest n-grams that this one has.

    Args:
      chunks: token ids [n, L+1].
    """
    asked = _numbers(chunks, ORDER, self.vocab_size)
    return float(
      (_looked_up(self.grams[-1], self.counts[-1], asked) > 0).mean()
    )


def _numbers(chunks: np.ndarray, n: int, vocab_size: int) -> np.ndarray:
  """Every run of n tokens within a chunk as one number."""
  windows = np.lib.stride_tricks.sliding_window_view(
    chunks.astype(np.int64), n, axis=1
  )
  powers = vocab_size ** np.arange(n - 1, -1, -1, dtype=np.int64)
  return (windows * powers).sum(-1).ravel()


def _looked_up(keys: np.ndarray, values: np.ndarray, asked: np.ndarray):
  """The value of each that is asked for; 0 where there is no such key."""
  at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
  return np.where(keys[at] == asked, values[at], 0)
