"""A run's batches where the pretraining text is streamed, not prepared.

The rows of the global batch are shared out among lanes, each a part of the
text. Row r of any step takes the next chunk of its own lane: so the global
batches are the same whatever the number of hosts, and a host reads no more
than its own rows need. Which rows are injected goes round from step to step, so
that every lane serves alike whatever p is. What a fine-tuning injects its
parent cannot have seen: one document in sixteen, by its hash, is never
pretrained on.
"""

from __future__ import annotations

from collections.abc import Awaitable
import dataclasses
import functools
import math
import pathlib

import numpy as np

from forgetting.config import InputError
from forgetting.data import silence
from forgetting.data.mixture import Batch, Blocks, Epochs, as_batch
from forgetting.data.permutation import permute, stream_key
from forgetting.data.tfds_source import TfdsSource
from forgetting.data.tokenizers import Tokenizer

MOST_LANES = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamedMixture:
  """The text of one run, as batches: `mixture.Mixture` for streamed text.

  Attributes:
    source: of the pretraining text.
    tokenizer: of its chunks.
    context: L, tokens a sequence.
    target: the run's target chunks; None in a pretraining.
    injection: p, the fraction of chunks drawn from the stream.
    batch_size: sequences of the global batch.
    seed: of this run: its order and the positions of injected chunks.
    tells_injected: whether batches say which of their sequences are injected.
  """

  source: TfdsSource
  tokenizer: Tokenizer
  context: int
  target: Epochs | None
  injection: float
  batch_size: int
  seed: int
  tells_injected: bool = False

  @functools.cached_property
  def blocks(self) -> Blocks:
    """Which chunks of the run are injected."""
    return Blocks.of(self.injection, seed=self.seed)

  @property
  def lanes(self) -> int:
    """How many parts the text is read in, at most 16."""
    return math.gcd(self.batch_size, MOST_LANES)

  def positions(self, step: int, rows: np.ndarray) -> np.ndarray:
    """Position in its batch of each row's chunk: another turn at every step.

    Over batch_size steps each row has had every position once.

    Args:
      step: of the run.
      rows: int64 [k], of the global batch.

    Returns:
      int64 [k].
    """
    size = self.batch_size
    key = stream_key(self.seed, f"turns {step // size}")
    turn = permute(np.array([step % size]), size, key=key)
    return (rows + turn) % size

  def check(self, steps: int) -> None:
    """Refuses what the data set does not have.

    Args:
      steps: of the run; how long the stream is shows only when it ends.

    Raises:
      InputError: no such split or field.
    """
    del steps
    self.source.check()

  def batches(
    self, first_step: int, last_step: int, *, host: int = 0, hosts: int = 1
  ) -> StreamedBatches:
    """Batches of steps first_step..last_step-1: this host's rows of each.

    Where first_step is not 0 the position must be loaded before the first draw.

    Args:
      first_step, last_step: counted over the run from 0.
      host: which one this is, of `hosts`; a host has neighbouring rows.
      hosts: how many share the global batch.

    Returns:
      an iterator of tokens_BxL, targets_BxL int32 and weights_BxL float32, with
      B = batch_size / hosts; injected_B float32, 1 or 0, if it is told.

    Raises:
      InputError: the rows of a host are not whole lanes.
    """
    if self.lanes % hosts:
      raise InputError(
        f"batch_size: found {self.batch_size} on {hosts} hosts, expected a"
        f" multiple of them, and at most {MOST_LANES} hosts: streamed text is"
        f" read in {self.lanes} lanes"
      )
    return StreamedBatches(self, first_step, last_step, host, hosts)


class StreamedBatches:
  """Iterator of the batches of one host; Orbax saves and loads its position.

  Args:
    mixture: of the run.
    first, last: steps, the last one not included.
    host, hosts: which host this is, of how many.
  """

  def __init__(self, mixture: StreamedMixture, first, last, host, hosts):
    from forgetting.data import stream_tasks

    self._mixture, self._step, self._last = mixture, first, last
    self._name = f"{host}-of-{hosts}"
    self._tasks = stream_tasks
    rows, lanes = mixture.batch_size // hosts, mixture.lanes // hosts
    self._rows = np.arange(host * rows, (host + 1) * rows)
    self._lane_of_row = np.arange(rows) * lanes // rows
    self._lanes = [
      stream_tasks.lane(
        mixture.source,
        index=host * lanes + i,
        lanes=mixture.lanes,
        reserved=mixture.target is not None,
        seed=stream_key(mixture.seed, "stream") % 2**31,
        context=mixture.context,
        tokenizer=mixture.tokenizer,
      )
      for i in range(lanes)
    ]

  def __iter__(self) -> StreamedBatches:
    return self

  def __next__(self) -> Batch:
    if self._step >= self._last:
      raise StopIteration
    mixture = self._mixture
    first = self._step * mixture.batch_size
    n = first + mixture.positions(self._step, self._rows)
    before = mixture.blocks.injected_before(n)
    injected = mixture.blocks.injected_before(n + 1) > before
    chunks = np.empty((len(n), mixture.context + 1), np.int32)
    weights = np.ones((len(n), mixture.context), np.float32)
    if mixture.target is not None:
      index = mixture.target.index((n - before)[~injected])
      chunks[~injected] = mixture.target.pool.take(index)
      weights[~injected] = mixture.target.pool.weights_of(index)
    for row in np.flatnonzero(injected):
      chunks[row] = self._next_of(self._lane_of_row[row])
    self._step += 1
    told = injected if mixture.tells_injected else None
    return as_batch(chunks, weights, told)

  def _next_of(self, lane: int) -> np.ndarray:
    try:
      return next(self._lanes[lane]).numpy()
    except StopIteration:
      raise InputError(
        f"{self._mixture.source.full_name}: its text ended at step"
        f" {self._step}, expected enough for {self._last} steps; lower steps or"
        " injection, or stream a larger data set"
      ) from None

  async def save(self, directory) -> Awaitable[None]:
    """Writes the position of every lane of this host, before the next draw.

    Args:
      directory: Orbax's, of the checkpoint, once it is made.

    Returns:
      what is left to do after that: nothing.
    """
    path = await directory.await_creation()
    with silence.standard_error():
      self._tasks.save(self._lanes, str(pathlib.Path(path) / self._name))

    async def nothing_left() -> None: ...

    return nothing_left()

  async def load(self, directory) -> Awaitable[None]:
    """Continues after the last batch drawn before the save.

    Args:
      directory: Orbax's, of the checkpoint.

    Returns:
      what is left to do after that: nothing.

    Raises:
      InputError: it was saved by another number of hosts.
    """
    found = sorted(p.stem for p in directory.glob("*.index"))
    if self._name not in found:
      raise InputError(
        f"{directory}: found the positions of {', '.join(found)}, expected"
        f" {self._name}: streamed text resumes on as many hosts as saved it"
      )
    self._tasks.load(self._lanes, str(pathlib.Path(directory) / self._name))

    async def nothing_left() -> None: ...

    return nothing_left()
