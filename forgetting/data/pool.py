"""Chunks of several sources as one range, source after source."""

from collections.abc import Sequence
import dataclasses
import functools

import numpy as np

from forgetting.config import InputError
from forgetting.data.permutation import permute, stream_key


@dataclasses.dataclass(frozen=True)
class Pool:
  """Chunks, with L the context.

  Attributes:
    sources: token ids, each [n_i, L+1].
    weights: of the targets of each source, [n_i, L] of 0 and 1, as those of
      a prompt and its response; None where every target counts.
  """

  sources: tuple[np.ndarray, ...]
  weights: tuple[np.ndarray | None, ...] = ()

  def __post_init__(self):
    lengths = {source.shape[1] for source in self.sources}
    if len(lengths) != 1:
      raise InputError(
        f"pretraining: found chunks of {sorted(lengths)} tokens, expected one"
        " length"
      )
    if not self.weights:
      object.__setattr__(self, "weights", (None,) * len(self.sources))

  @classmethod
  def of(cls, prepared: Sequence, split: str) -> "Pool":
    """The chunks of a split of several corpora.

    Args:
      prepared: `prepared.Prepared` of each.
      split: "train" or "validation".
    """
    return cls(
      tuple(getattr(p, split) for p in prepared),
      tuple(getattr(p, f"{split}_weights") for p in prepared),
    )

  @functools.cached_property
  def starts(self) -> np.ndarray:
    """Index of the first chunk of each source, and their number: [n + 1]."""
    return np.cumsum([0] + [len(source) for source in self.sources])

  @property
  def context(self) -> int:
    """L, tokens a sequence."""
    return self.sources[0].shape[1] - 1

  def __len__(self) -> int:
    return int(self.starts[-1])

  def source_of(self, index: np.ndarray) -> np.ndarray:
    """Which source chunks are of.

    Args:
      index: int64 [k].

    Returns:
      int64 [k], positions in `sources`.
    """
    return np.searchsorted(self.starts, index, side="right") - 1

  def take(self, index: np.ndarray) -> np.ndarray:
    """Chunks by index.

    Args:
      index: int64 [k].

    Returns:
      int32 [k, L+1].
    """
    out = np.empty((len(index), self.context + 1), np.int32)
    return self._gather(self.sources, index, out)

  def weights_of(self, index: np.ndarray) -> np.ndarray:
    """Which targets of chunks count.

    Args:
      index: int64 [k].

    Returns:
      float32 [k, L]: 1 for each target that counts, else 0.
    """
    out = np.ones((len(index), self.context), np.float32)
    return self._gather(self.weights, index, out)

  def _gather(self, arrays, index: np.ndarray, out: np.ndarray) -> np.ndarray:
    which = self.source_of(index)
    for s in np.unique(which):
      if arrays[s] is not None:
        here = which == s
        out[here] = arrays[s][index[here] - self.starts[s]]
    return out

  def counted(self, index: np.ndarray) -> np.ndarray:
    """How many targets of each chunk count.

    Args:
      index: int64 [k].

    Returns:
      int64 [k].
    """
    if all(weights is None for weights in self.weights):
      return np.full(len(index), self.context)
    return self.weights_of(index).sum(1, dtype=np.int64)


def chunks_within(pool: Pool, tokens: int, *, seed: int) -> int:
  """How many chunks, in a run's order, hold at most `tokens` that count.

  Args:
    pool: of the target domain.
    tokens: that are asked for.
    seed: of the run.

  Raises:
    InputError: there are fewer tokens than that in the pool, or one chunk has
      more.
  """
  if all(weights is None for weights in pool.weights):
    count, have = tokens // pool.context, len(pool) * pool.context
    enough = count <= len(pool)
  else:
    running = pool.counted(target_order(pool, len(pool), seed=seed)).cumsum()
    count, have = int(np.searchsorted(running, tokens, "right")), running[-1]
    enough = tokens <= have
  if not enough:
    raise InputError(
      f"target_tokens_asked: found {tokens}, expected at most the {have}"
      " training tokens that the domain has"
    )
  if not count:
    raise InputError(
      f"target_tokens_asked: found {tokens}, expected at least those of one"
      f" chunk of {pool.context} tokens"
    )
  return count


def target_order(pool: Pool, count: int, *, seed: int) -> np.ndarray:
  """The first chunks that a run may see: nested in their number.

  Args:
    pool: of the target domain.
    count: how many.
    seed: of the run.

  Returns:
    int64 [count], indices into the pool.
  """
  key = stream_key(seed, "target")
  return permute(np.arange(count), len(pool), key=key)


def validation_sample(pool: Pool, count: int) -> np.ndarray:
  """A fixed validation set, each source by its size.

  The same for every run, and its first k a fair sample of the whole.

  Args:
    pool: of validation chunks.
    count: at most so many.

  Returns:
    int64 [min(count, len(pool))], indices into the pool.
  """
  index = np.arange(min(count, len(pool)))
  return permute(index, len(pool), key=stream_key(0, "validation"))
