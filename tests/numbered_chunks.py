"""Chunks whose first token says which they are, and mixtures of them."""

import numpy as np

from forgetting.data.mixture import Epochs, Mixture
from forgetting.data.pool import Pool

LENGTH = 9  # tokens of a chunk: L + 1


def pool(*sizes: int) -> Pool:
  """Chunks whose first token is their index in the pool."""
  starts = np.cumsum([0, *sizes])
  return Pool(
    tuple(
      np.arange(start, start + size, dtype=np.uint32)[:, None]
      + np.zeros((1, LENGTH), np.uint32)
      for start, size in zip(starts, sizes, strict=False)
    )
  )


TARGET_FIRST = 1_000_000  # first tokens of target chunks start here


def domain(**changes) -> Epochs:
  target = np.arange(300, dtype=np.uint32)[:, None] + np.full(
    (1, LENGTH), TARGET_FIRST, np.uint32
  )
  return Epochs(**(dict(pool=Pool((target,)), chunks=40, seed=0) | changes))


def mixture(**changes) -> Mixture:
  given_values = dict(
    pretraining=pool(500, 300, 200),
    target=domain(),
    injection=0.05,
    batch_size=8,
    seed=0,
    parent_seed=0,
    parent_chunks=400,
  )
  return Mixture(**(given_values | changes))


def first_tokens(m: Mixture, first: int, last: int, **hosts) -> np.ndarray:
  """[steps, rows]: what each row of each batch is."""
  batches = m.batches(first, last, **hosts)
  return np.array([batch["tokens_BxL"][:, 0] for batch in batches])
