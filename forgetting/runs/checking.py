"""Two models measured on the same held-out text, sequence by sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import typing

import numpy as np

from forgetting.config import InputError
from forgetting.config.names import domain_name
from forgetting.data import corpora, store
from forgetting.data.decoding import decode
from forgetting.data.pool import Pool, validation_sample
from forgetting.runs.evaluators import validation_set
from forgetting.runs.sides import Side

if typing.TYPE_CHECKING:
  from forgetting.training.evaluate import ValidationSet


@dataclasses.dataclass(frozen=True)
class Measured:
  """Losses of both models on the same sequences.

  Attributes:
    measured: the sequences, of all sources.
    base, tuned: float64 [n], nats a token.
    again: the base's once more, in another batch layout.
    texts: [n], the sequences as text.
  """

  measured: ValidationSet
  base: np.ndarray
  tuned: np.ndarray
  again: np.ndarray
  texts: list[str]


def measure(
  base: Side,
  tuned: Side,
  sources: Sequence[str],
  *,
  sequences: int,
  tell: Callable[[int, int], None] | None = None,
) -> Measured:
  """Measures both models, one after the other.

  Args:
    base, tuned: of `sides.pair`.
    sources: text, as a config names it; prepared where it is not yet.
    sequences: held-out ones of each source, at most.
    tell: hears on the way how many sequences are measured, of how many; each
      is measured three times.

  Raises:
    InputError: no such text, or too little of it.
  """
  from forgetting.training.evaluate import per_example
  from forgetting.training.measuring import Measuring

  named = corpora.expand(tuple(sources))
  if not named:
    raise InputError("--text: found none, expected text to measure losses on")
  found = [
    store.prepare(source, context=base.model.context, tokenizer=base.tokenizer)
    for source in named
  ]
  whole = Pool.of(found, "validation")
  index = np.concatenate(
    [
      whole.starts[i]
      + validation_sample(Pool.of([one], "validation"), sequences)
      for i, one in enumerate(found)
    ]
  )
  names = [domain_name(source) for source in named]
  measured = validation_set(found, names, "validation", index)
  measuring = Measuring.of(base.model)

  count, done = len(measured.chunks), 0
  at_once = measuring.losses.args_info[0][2].shape[0]

  def losses(params, order=slice(None)):
    nonlocal done
    chunks, weights, out = measured.chunks[order], measured.weights[order], []
    for start in range(0, count, at_once):
      rows = slice(start, start + at_once)
      out.append(
        per_example(measuring.losses, params, {}, chunks[rows], weights[rows])
      )
      done += len(out[-1])
      if tell:
        tell(done, 3 * count)
    return np.concatenate(out).astype(np.float64)

  backwards = slice(None, None, -1)
  params = measuring.to_devices(base.load())
  before = _finite(base, losses(params))
  again = losses(params, backwards)[backwards]
  params = None  # two models may be more than the devices hold
  after = _finite(tuned, losses(measuring.to_devices(tuned.load())))
  texts = decode(measured.chunks, base.tokenizer)
  return Measured(measured, before, after, again, texts)


def _finite(side: Side, losses: np.ndarray) -> np.ndarray:
  """A model's losses; refused where they are no numbers."""
  wrong = int((~np.isfinite(losses)).sum())
  if wrong:
    raise InputError(
      f"{side.path}: found losses that are not finite, of {wrong:,} of"
      f" {len(losses):,} sequences, expected numbers: its weights are not"
      " finite, or too large"
    )
  return losses
