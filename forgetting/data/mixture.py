"""Injects pretraining chunks by token fraction; batches as a function of step.

Chunk n of a run (n = step x batch size + row) is injected or not by exact
arithmetic; which chunk of its stream it is follows from how many came before.
Nothing is drawn in sequence, so a resume is a step number and any number of
hosts sees the same global batches.
"""

from collections.abc import Iterator
import dataclasses
from fractions import Fraction
import functools

import numpy as np

from forgetting.config import InputError

Batch = dict[str, np.ndarray]

_STEPS_AHEAD = 64  # the rows of this many steps are planned at a time


@dataclasses.dataclass(frozen=True)
class Blocks:
  """Which chunks of a run are injected: exactly p x block in every block.

  With p = a/b in lowest terms the block is b chunks. Among the first n chunks
  floor((n a + phase) / b) are injected: within one of p n for every n.
  """

  injected: int  # a
  block: int  # b
  phase: int  # in [0, b): where in its block the run begins

  @classmethod
  def of(cls, injection: float, *, seed: int) -> "Blocks":
    # str: 0.05 means one in 20, not its nearest binary fraction
    p = Fraction(str(injection)).limit_denominator(1_000_000)
    phase = stream_key(seed, "blocks") % p.denominator
    return cls(p.numerator, p.denominator, phase)

  def injected_before(self, n):
    """Injected chunks among the first n; n an integer or an array of them."""
    return (n * self.injected + self.phase) // self.block


@dataclasses.dataclass(frozen=True)
class Pool:
  """Chunks of several sources as one range, source after source."""

  sources: tuple[np.ndarray, ...]  # each [n_i, L+1]

  def __post_init__(self):
    lengths = {source.shape[1] for source in self.sources}
    if len(lengths) != 1:
      raise InputError(
        f"pretraining: found chunks of {sorted(lengths)} tokens, expected one"
        " length"
      )

  @functools.cached_property
  def starts(self) -> np.ndarray:
    return np.cumsum([0] + [len(source) for source in self.sources])

  def __len__(self) -> int:
    return int(self.starts[-1])

  def source_of(self, index: np.ndarray) -> np.ndarray:
    return np.searchsorted(self.starts, index, side="right") - 1

  def take(self, index: np.ndarray) -> np.ndarray:
    """Chunks [len(index), L+1] as int32."""
    out = np.empty((len(index), self.sources[0].shape[1]), np.int32)
    which = self.source_of(index)
    for s in np.unique(which):
      here = which == s
      out[here] = self.sources[s][index[here] - self.starts[s]]
    return out


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mixture:
  """The text of one run, as batches.

  Args:
    pretraining: every training chunk of the pretraining corpus.
    target: every training chunk of the target domain; None in a pretraining.
    target_chunks: unique target chunks of this run (D / L).
    injection: p, the fraction of chunks drawn from the pretraining corpus.
    batch_size: sequences of the global batch.
    seed: of this run: its target chunks, their order, its injected chunks.
    parent_seed: of the pretraining run; a pretraining gives its own seed.
    parent_chunks: how many chunks the pretraining drew: they are not fresh.
  """

  pretraining: Pool
  target: np.ndarray | None
  target_chunks: int
  injection: float
  batch_size: int
  seed: int
  parent_seed: int
  parent_chunks: int

  @functools.cached_property
  def blocks(self) -> Blocks:
    return Blocks.of(self.injection, seed=self.seed)

  @functools.cached_property
  def unique_target(self) -> np.ndarray:
    """Indices of this run's target chunks; nested in D for one seed."""
    key = stream_key(self.seed, "target")
    return permute(np.arange(self.target_chunks), len(self.target), key=key)

  @property
  def fresh_chunks(self) -> int:
    return len(self.pretraining) - self.parent_chunks

  def check(self, steps: int) -> None:
    """Refuses, before anything is computed, what the text cannot give.

    Raises:
      InputError: too few target chunks, or too few fresh pretraining chunks.
    """
    have = 0 if self.target is None else len(self.target)
    if self.target_chunks > have:
      length = self.target.shape[1] - 1
      raise InputError(
        f"target_tokens: found {self.target_chunks * length}, expected at most"
        f" the {have * length} training tokens that the domain has"
      )
    need = int(self.blocks.injected_before(steps * self.batch_size))
    if need > self.fresh_chunks:
      raise InputError(
        f"injection: found {self.injection:g} over {steps} steps of"
        f" {self.batch_size}, which takes {need} fresh pretraining chunks;"
        f" expected at most the {max(self.fresh_chunks, 0)} that no parent has"
        " seen; add pretraining sources, or lower steps or injection"
      )

  def batches(
    self, first_step: int, last_step: int, *, host: int = 0, hosts: int = 1
  ) -> Iterator[Batch]:
    """Batches of steps first_step..last_step-1: this host's rows of each.

    Yields:
      tokens_BxL, targets_BxL int32 and weights_BxL float32, with B =
      batch_size / hosts.
    """
    if self.batch_size % hosts:
      raise InputError(
        f"batch_size: found {self.batch_size}, expected a multiple of the"
        f" {hosts} hosts"
      )
    rows = self.batch_size // hosts
    for ahead in range(first_step, last_step, _STEPS_AHEAD):
      steps = min(_STEPS_AHEAD, last_step - ahead)
      first = ahead * self.batch_size
      injected, index = self.plan(first, first + steps * self.batch_size)
      for start in range(host * rows, len(index), self.batch_size):
        mine = slice(start, start + rows)
        yield as_batch(self._chunks(injected[mine], index[mine]))

  def plan(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """What chunks first..last-1 of the run are.

    Returns:
      injected: bool [last - first]. index: int64 [last - first], into the
      pool where injected, into the domain's chunks elsewhere.
    """
    counts = self.blocks.injected_before(np.arange(first, last + 1))
    injected = np.diff(counts) == 1
    index = np.empty(last - first, np.int64)
    index[injected] = self._injected(counts[:-1][injected])
    drawn = np.arange(first, last) - counts[:-1]
    index[~injected] = self._target(drawn[~injected])
    return injected, index

  def _injected(self, n: np.ndarray) -> np.ndarray:
    """Pool indices of the nth injected chunks: fresh, and each once.

    A pretraining takes the shuffled pool from its start; its children go on
    where it ended, each in an order of its own.
    """
    if self.parent_chunks:
      key = stream_key(self.seed, "injected")
      n = permute(n, self.fresh_chunks, key=key) + self.parent_chunks
    key = stream_key(self.parent_seed, "pretraining")
    return permute(n, len(self.pretraining), key=key)

  def _target(self, n: np.ndarray) -> np.ndarray:
    """Indices of the nth target chunks drawn: a new order every epoch."""
    out = np.empty_like(n)
    if not n.size:
      return out
    epoch, position = np.divmod(n, self.target_chunks)
    for e in np.unique(epoch):
      here = epoch == e
      key = stream_key(self.seed, f"epoch {e}")
      out[here] = permute(position[here], self.target_chunks, key=key)
    return self.unique_target[out]

  def _chunks(self, injected: np.ndarray, index: np.ndarray) -> np.ndarray:
    if injected.all():
      return self.pretraining.take(index)
    chunks = np.empty((len(index), self.target.shape[1]), np.int32)
    chunks[~injected] = self.target[index[~injected]]
    if injected.any():
      chunks[injected] = self.pretraining.take(index[injected])
    return chunks


def as_batch(chunks: np.ndarray) -> Batch:
  """A batch in which every target counts, from chunks [B, L+1]."""
  return {
    "tokens_BxL": chunks[:, :-1],
    "targets_BxL": chunks[:, 1:],
    "weights_BxL": np.ones(chunks[:, 1:].shape, np.float32),
  }


def validation_sample(pool: Pool, count: int) -> np.ndarray:
  """Indices of a fixed validation set, at most `count`, each source by size.

  The same for every run, and its first k a fair sample of the whole.
  """
  index = np.arange(min(count, len(pool)))
  return permute(index, len(pool), key=stream_key(0, "validation"))


def stream_key(seed: int, purpose: str) -> int:
  """A key for one purpose of one seed: streams never share their order."""
  words = [seed, *purpose.encode()]
  return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])


def permute(index: np.ndarray, size: int, *, key: int) -> np.ndarray:
  """Images of `index` under a pseudo-random permutation of range(size).

  A Feistel network over the next even power of two; what falls outside the
  range walks on until it falls inside (Black & Rogaway 2002). It needs no
  memory, whatever the size, and depends on (size, key) alone.

  Args:
    index: int64 [n], each in [0, size).
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
