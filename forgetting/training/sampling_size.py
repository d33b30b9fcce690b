"""How much is written at once by a model, and the memory that it takes.

Counted are the weights and the layers' own copy of them, what the layers keep
of every token so far, which the compiled loop holds twice, and the logits of
one token. Not counted are the compiler's padding and fragments.
"""

from __future__ import annotations

import dataclasses

from forgetting.config import Model
from forgetting.config.transformer import Transformer

# sequences at once, fewer where there are few: below, reading the weights takes
# longer than computing with them
ROWS, FEW_ROWS = 64, 32
LINKS = 8  # of a chain: each goes on from the last token of the one before
FLOAT32 = 4
MOST = 4e9  # bytes of all sequences at once, or half as much as weights take
COPIES = 2  # of what is kept, as compiled
LOGITS = 3  # arrays of their size that choosing a token takes


@dataclasses.dataclass(frozen=True)
class SamplerSize:
  """Bytes on one device."""

  weights: float  # in float32, and as products take them
  kept: float  # keys and values
  logits: float

  @property
  def total(self) -> float:
    """Of all that is counted."""
    return sum(dataclasses.astuple(self))


def links(chunks: int) -> int:
  """Chunks of a chain.

  Args:
    chunks: that are wanted.
  """
  return min(LINKS, -(-chunks // FEW_ROWS))


def rows(chunks: int, model: Model) -> int:
  """Chains that are written at once: a part of the work.

  It decides who writes what, not what is written; so it depends on nothing of
  the machine, on which others may share the work.

  Args:
    chunks: that are wanted.
    model: that writes them; of a large one with a long context fewer at once.
  """
  chains = -(-chunks // links(chunks))
  wanted = ROWS if chains >= 2 * ROWS else FEW_ROWS
  one = size(model, 1)
  most = max(MOST, one.weights / 2)
  while wanted > 1 and wanted * (one.kept + one.logits) > most:
    wanted //= 2
  return wanted


def size(model: Model, rows: int) -> SamplerSize:
  """Memory of a sampler.

  Args:
    model: of any family.
    rows: sequences at once.
  """
  c = model.architecture
  of_product = FLOAT32 if model.dtype == "float32" else 2
  if isinstance(c, Transformer):
    channels = c.kv_heads * c.head_size
  else:  # is sampled as the llama that it is
    channels = c.width
  tokens = rows * model.context
  return SamplerSize(
    weights=c.stored_params * FLOAT32 + c.model_params * of_product,
    kept=COPIES * 2 * c.layers * tokens * channels * of_product,
    logits=LOGITS * rows * model.padded_vocab_size * FLOAT32,
  )
