"""A run's mixture declared in seqio: the twin of the prepared one.

It draws the same chunks from the same documents by other code, and so checks
the prepared one. Text that is never stored is drawn by `streamed`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import pathlib

import numpy as np

from forgetting.data.mixture import Mixture
from forgetting.data.permutation import permute, stream_key
from forgetting.data.tasks import corpus_task, stored
from forgetting.data.tensorflow import seqio, tf
from forgetting.data.tokenizers import Tokenizer

_CHOICES_AT_ONCE = 4096
_SHUFFLE_CHUNKS = 4096  # of the pretraining stream; a checkpoint holds it


def run_mixture(
  draw: Mixture,
  target: tuple[str, pathlib.Path] | None,
  pretraining: Sequence[tuple[str, pathlib.Path]],
  *,
  context: int,
  tokenizer: Tokenizer,
) -> seqio.Mixture:
  """A run's mixture for `seqio.get_dataset`, the twin of the prepared one.

  Chunk n comes from the same source as chunk n of `draw`: the same exact
  token fractions over every block. The unique target chunks are the same
  set, in a new order every epoch; pretraining chunks are those that are fresh
  to the run. Only the order within a source differs.

  Args:
    draw: the run's mixture over the prepared chunks of the same text.
    target: name and folder of documents of the domain; None in a pretraining.
    pretraining: the same of each corpus, in the order of the draw's pool.
    context: L, tokens a sequence.
    tokenizer: of the chunks.
  """
  held = [_SHUFFLE_CHUNKS] * len(pretraining)
  positions, parts = _fresh(draw), list(pretraining)
  rates = [draw.injection * len(p) / draw.fresh_chunks for p in positions]
  if target is not None:
    parts.append(target)
    positions.append(draw.target.unique)
    rates.append(1 - draw.injection)
    held.append(draw.target.chunks)  # a whole epoch
  tasks = []
  for (name, folder), keep, size in zip(parts, positions, held, strict=True):
    # seqio repeats after the placeholder and shuffles after that, across the
    # epochs: what caps, and what shuffles within one, goes before it.
    once = [
      _Keep(keep),
      _Shuffle(size, draw.seed),
      seqio.CacheDatasetPlaceholder(required=False),
    ]
    tasks.append(
      corpus_task(
        f"{name}_{len(tasks)}",
        stored(folder),
        context=context,
        tokenizer=tokenizer,
        after=once,
        shuffle_buffer=1,
      )
    )
  choose = _Blocked(draw, [task.name for task in tasks])
  pairs = list(zip(tasks, rates, strict=True))
  return seqio.Mixture("run", pairs, sample_fn=choose)


def _fresh(draw: Mixture) -> list[np.ndarray]:
  """Indices of the chunks of each pretraining source that a run may draw."""
  pool = draw.pretraining
  order = np.arange(draw.parent_chunks, len(pool))
  key = stream_key(draw.parent_seed, "pretraining")
  index = permute(order, len(pool), key=key)
  which = pool.source_of(index)
  return [index[which == s] - pool.starts[s] for s in range(len(pool.sources))]


class _Keep:
  """Preprocessor: the chunks at these positions only."""

  def __init__(self, positions: np.ndarray):
    self._wanted = np.zeros(int(positions.max(initial=-1)) + 1, bool)
    self._wanted[positions] = True

  def __call__(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
    wanted = tf.constant(self._wanted)
    return (
      dataset.take(len(self._wanted))
      .enumerate()
      .filter(lambda position, chunk: wanted[position])
      .map(lambda position, chunk: chunk)
    )


class _Shuffle:
  """Preprocessor: a new order every epoch."""

  def __init__(self, held: int, seed: int):
    self._held = max(1, held)
    self._seed = seed

  def __call__(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
    return dataset.shuffle(
      self._held, seed=self._seed, reshuffle_each_iteration=True
    )


class _Blocked:
  """seqio's choice of a source, by the run's blocks instead of by chance.

  Drawing by rate makes the fraction right on average; every host would also
  draw the same source at the same position. The blocks are exact.
  """

  def __init__(self, draw: Mixture, sources: Sequence[str]):
    self._draw = draw
    # A mixture hands over its data sets in the order of the tasks' names.
    by_name = sorted(range(len(sources)), key=lambda i: sources[i])
    self._position = np.argsort(by_name)

  def __call__(self, datasets, rates, seed) -> tf.data.Dataset:
    del rates, seed
    choices = tf.data.Dataset.from_generator(
      self._choices, output_signature=tf.TensorSpec([None], tf.int64)
    )
    return tf.data.Dataset.choose_from_datasets(
      datasets, choices.unbatch(), stop_on_empty_dataset=True
    )

  def _choices(self) -> Iterator[np.ndarray]:
    """The position of the source of chunk 0, 1, 2, ... of the run.

    It ends where the fresh pretraining chunks do.
    """
    pool, fresh = self._draw.pretraining, self._draw.fresh_chunks
    first = 0
    while True:
      ahead = np.arange(first + 1, first + 1 + _CHOICES_AT_ONCE)
      drawn = self._draw.blocks.injected_before(ahead)
      last = first + int(np.searchsorted(drawn, fresh, side="right"))
      if last == first:
        return
      injected, index = self._draw.which_chunks(first, last)
      source = np.full(len(index), len(pool.sources))  # the target comes last
      source[injected] = pool.source_of(index[injected])
      yield self._position[source]
      first = last
