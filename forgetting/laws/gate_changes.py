"""What two models' losses on the same sequences differ by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forgetting.config import InputError

SEED = 0  # of the halves of the noise floor
SHOWN = 10  # texts that lost most, and least


@dataclass(frozen=True)
class SourceChange:
  """What happened to the loss on a source.

  Attributes:
    source: its name.
    sequences, tokens, bytes: that it was measured on; tokens that count.
    base, tuned: nats a token.
    change, error: tuned minus base, and its standard error with the sequences
      as the sample: each is compared with itself.
    base_bits, tuned_bits, change_bits, error_bits: the same, bits a byte.
    halves: the change on a half of the sequences, by chance, minus that on the
      other, bits a byte.
    layout: mean size of what the base's losses change by in another batch
      layout, nats a token.
  """

  source: str
  sequences: int
  tokens: int
  bytes: int
  base: float
  tuned: float
  change: float
  error: float
  base_bits: float
  tuned_bits: float
  change_bits: float
  error_bits: float
  halves: float
  layout: float


def change_of(source: str, base, tuned, again, counted, bytes) -> SourceChange:
  """Compares two models on a source.

  Args:
    source: its name.
    base, tuned, again: [n] nats a token of each sequence: before, after, and
      before in another batch layout.
    counted: [n] targets that count.
    bytes: [n] that these stand for.

  Raises:
    InputError: fewer than two sequences, or losses that are not finite.
  """
  if len(base) < 2:
    raise InputError(
      f"{source}: found {len(base)} held-out sequences, expected two or more:"
      " give more text, or a smaller --context"
    )
  if not np.isfinite([base, tuned]).all():
    raise InputError(
      f"{source}: found losses that are not finite, expected numbers: one of"
      " the models is broken"
    )
  bits = counted.sum() / bytes.sum() / np.log(2)
  change = tuned - base
  mean = _mean(change, counted)
  scaled = (change - mean) * counted / counted.mean()
  n = len(change)
  error = float(np.sqrt(np.square(scaled).sum() / (n - 1) / n))
  half = np.random.default_rng(SEED).permutation(n) < n // 2
  parts = [_mean(change[h], counted[h]) for h in (half, ~half)]
  before, after = _mean(base, counted), _mean(tuned, counted)
  return SourceChange(
    source=source,
    sequences=n,
    tokens=int(counted.sum()),
    bytes=int(bytes.sum()),
    base=before,
    tuned=after,
    change=mean,
    error=error,
    base_bits=float(before * bits),
    tuned_bits=float(after * bits),
    change_bits=float(mean * bits),
    error_bits=float(error * bits),
    halves=float((parts[0] - parts[1]) * bits),
    layout=float(np.abs(again - base).mean()),
  )


def by_source(
  source, base, tuned, again, counted, bytes
) -> tuple[SourceChange, ...]:
  """Compares two models source by source.

  Args:
    source: [n] names.
    base, tuned, again, counted, bytes: as of `change_of`, of all sources.

  Raises:
    InputError: as `change_of`.
  """
  names = np.asarray(source)
  rows = [np.asarray(x, float) for x in (base, tuned, again, counted, bytes)]
  return tuple(
    change_of(str(name), *(row[names == name] for row in rows))
    for name in dict.fromkeys(names.tolist())
  )


def extremes(source, change, texts):
  """The sequences that lost most and least.

  Args:
    source, change, texts: [n] each: names, nats a token, texts.

  Returns:
    two tuples of (source, change, text), the most extreme first.
  """
  order = np.argsort(change)[::-1]

  def taken(index):
    return tuple(
      (str(source[i]), float(change[i]), texts[i]) for i in index[:SHOWN]
    )

  return taken(order), taken(order[::-1])


def _mean(values, counted) -> float:
  return float((values * counted).sum() / counted.sum())
