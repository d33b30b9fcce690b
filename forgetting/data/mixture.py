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
from forgetting.data.permutation import permute, stream_key
from forgetting.data.pool import Pool, target_order

Batch = dict[str, np.ndarray]

_STEPS_AHEAD = 64  # the chunks of so many steps are chosen at a time
# tokens that are gathered at a time: a small batch's time is that of its calls
_NUMBERS = 2**16


@dataclasses.dataclass(frozen=True)
class Blocks:
  """Which chunks of a run are injected: exactly p x block in every block.

  With p = a/b in lowest terms the block is b chunks. Among the first n chunks
  floor((n a + phase) / b) are injected: within one of p n for every n.

  Attributes:
    injected: a, the injected chunks of a block.
    block: b, chunks.
    phase: in [0, b): where in its block the run begins.
  """

  injected: int  # a
  block: int  # b
  phase: int  # in [0, b): where in its block the run begins

  @classmethod
  def of(cls, injection: float, *, seed: int) -> "Blocks":
    # str: 0.05 means one in 20, not its nearest binary fraction
    """The blocks of a run.

    Args:
      injection: p; taken as it is written, 0.05 as one in 20.
      seed: of the run, which decides the phase.
    """
    p = Fraction(str(injection)).limit_denominator(1_000_000)
    phase = stream_key(seed, "blocks") % p.denominator
    return cls(p.numerator, p.denominator, phase)

  def injected_before(self, n):
    """How many of the first n chunks are injected.

    Args:
      n: an integer, or an int64 array of them.
    """
    return (n * self.injected + self.phase) // self.block


@dataclasses.dataclass(frozen=True)
class Epochs:
  """The target text of one run: the same chunks, in a new order every epoch.

  Attributes:
    pool: every training chunk of the target domain.
    chunks: how many of them this run may see.
    seed: of the run: which ones, and their orders.
  """

  pool: Pool
  chunks: int
  seed: int

  @functools.cached_property
  def unique(self) -> np.ndarray:
    """Indices of the run's chunks; nested in their number for one seed."""
    return target_order(self.pool, self.chunks, seed=self.seed)

  @functools.cached_property
  def tokens(self) -> int:
    """D: unique target tokens that count."""
    return int(self.pool.counted(self.unique).sum())

  def index(self, n: np.ndarray) -> np.ndarray:
    """Which chunks of the pool the nth ones drawn are.

    Args:
      n: int64 [k], counted over the run's target chunks from 0.

    Returns:
      int64 [k], indices into the pool.
    """
    out = np.empty_like(n)
    if not n.size:
      return out
    epoch, position = np.divmod(n, self.chunks)
    for e in np.unique(epoch):
      here = epoch == e
      key = stream_key(self.seed, f"epoch {e}")
      out[here] = permute(position[here], self.chunks, key=key)
    return self.unique[out]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mixture:
  """The text of one run, as batches.

  Attributes:
    pretraining: every training chunk of the pretraining corpus.
    target: the run's target chunks; None in a pretraining.
    injection: p, the fraction of chunks drawn from the pretraining corpus.
    batch_size: sequences of the global batch.
    seed: of this run: its injected chunks and where they stand.
    parent_seed: of the pretraining run; a pretraining gives its own seed.
    parent_chunks: how many chunks the pretraining drew: they are not fresh.
    replayed: indices into the pretraining pool of the chunks to inject, in
      their order; None: all fresh ones, in an order of the run's own.
    repeated: so many of the fresh chunks are injected, again and again, in a
      new order at every pass; None: each once.
    tells_injected: whether batches say which of their sequences are injected.
  """

  pretraining: Pool
  target: Epochs | None
  injection: float
  batch_size: int
  seed: int
  parent_seed: int
  parent_chunks: int
  replayed: np.ndarray | None = None
  repeated: int | None = None
  tells_injected: bool = False

  @functools.cached_property
  def blocks(self) -> Blocks:
    """Which chunks of the run are injected."""
    return Blocks.of(self.injection, seed=self.seed)

  @property
  def fresh_chunks(self) -> int:
    """Pretraining chunks that the parent has not drawn."""
    return len(self.pretraining) - self.parent_chunks

  def check(self, steps: int) -> None:
    """Refuses, before anything is computed, what the text cannot give.

    Args:
      steps: of the run.

    Raises:
      InputError: too few fresh pretraining chunks.
    """
    need = int(self.blocks.injected_before(steps * self.batch_size))
    if self.replayed is not None and need > len(self.replayed):
      raise InputError(
        f"Replay.pool: found {len(self.replayed)} chunks, expected at least"
        f" the {need} that {self.injection:g} of {steps} steps of"
        f" {self.batch_size} take, and some times as many to choose from"
      )
    need = min(need, self.repeated or need)
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

    Args:
      first_step, last_step: counted over the run from 0.
      host: which one this is, of `hosts`; a host has neighbouring rows.
      hosts: how many share the global batch.

    Yields:
      tokens_BxL, targets_BxL int32 and weights_BxL float32, with B =
      batch_size / hosts; injected_B float32, 1 or 0, if it is told.

    Raises:
      InputError: the batch cannot be shared out evenly.
    """
    if self.batch_size % hosts:
      raise InputError(
        f"batch_size: found {self.batch_size}, expected a multiple of the"
        f" {hosts} hosts"
      )
    rows = self.batch_size // hosts
    mine = slice(host * rows, (host + 1) * rows)
    together = max(1, _NUMBERS // (rows * self.pretraining.context))
    for ahead in range(first_step, last_step, _STEPS_AHEAD):
      steps = min(_STEPS_AHEAD, last_step - ahead)
      first = ahead * self.batch_size
      injected, index = (
        x.reshape(steps, -1)[:, mine]
        for x in self.which_chunks(first, first + steps * self.batch_size)
      )
      for start in range(0, steps, together):
        some = slice(start, start + together)
        yield from self._batches(injected[some], index[some])

  def which_chunks(
    self, first: int, last: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """Which chunk of which text chunks first..last-1 of the run are.

    Args:
      first, last: counted over the run: step x batch_size + row.

    Returns:
      (injected, index): bool and int64, both [last - first]; an index is into
      the pretraining pool where injected, else into the domain's chunks.
    """
    counts = self.blocks.injected_before(np.arange(first, last + 1))
    injected = np.diff(counts) == 1
    index = np.empty(last - first, np.int64)
    index[injected] = self._injected(counts[:-1][injected])
    drawn = np.arange(first, last) - counts[:-1]
    if self.target is not None:
      index[~injected] = self.target.index(drawn[~injected])
    return injected, index

  def _injected(self, n: np.ndarray) -> np.ndarray:
    """Pool indices of the nth injected chunks: fresh, and each once.

    A pretraining takes the shuffled pool from its start; its children go on
    where it ended, each in an order of its own.
    """
    if self.replayed is not None:
      return self.replayed[n]
    if self.repeated is not None:
      n = self._again(n, self.repeated)
    if self.parent_chunks:
      key = stream_key(self.seed, "injected")
      n = permute(n, self.fresh_chunks, key=key) + self.parent_chunks
    key = stream_key(self.parent_seed, "pretraining")
    return permute(n, len(self.pretraining), key=key)

  def _again(self, n: np.ndarray, count: int) -> np.ndarray:
    """Which of the first `count` injected chunks the nth is, by its pass."""
    out, (passes, position) = np.empty_like(n), np.divmod(n, count)
    for one in np.unique(passes):
      here = passes == one
      key = stream_key(self.seed, f"pass {one}")
      out[here] = permute(position[here], count, key=key)
    return out

  def _batches(
    self, injected: np.ndarray, index: np.ndarray
  ) -> Iterator[Batch]:
    """Those of some steps: [steps, rows] of what `which_chunks` tells."""
    length = self.pretraining.context
    chunks = np.empty((*index.shape, length + 1), np.int32)
    weights = np.empty((*index.shape, length), np.float32)
    target = self.target and self.target.pool
    for pool, here in ((self.pretraining, injected), (target, ~injected)):
      if here.any():
        chunks[here] = pool.take(index[here])
        weights[here] = pool.weights_of(index[here])
    told = injected if self.tells_injected else len(index) * [None]
    yield from map(as_batch, chunks, weights, told)


def as_batch(
  chunks: np.ndarray, weights: np.ndarray, injected: np.ndarray | None = None
) -> Batch:
  """A batch from whole chunks.

  Args:
    chunks: int32 [B, L+1].
    weights: float32 [B, L], of the targets.
    injected: bool [B], where it is told which are.

  Returns:
    tokens_BxL, the chunks but for their last token; targets_BxL, but for their
    first; weights_BxL; injected_B where it is told.
  """
  told = (
    {} if injected is None else dict(injected_B=injected.astype(np.float32))
  )
  return told | {
    "tokens_BxL": chunks[:, :-1],
    "targets_BxL": chunks[:, 1:],
    "weights_BxL": weights,
  }
