"""A fixed pool of pretraining chunks, and in which order it is injected."""

import numpy as np

from forgetting.data.permutation import permute, stream_key
from forgetting.data.pool import Pool


def pool_index(
  pretraining: Pool, size: int, *, parent_seed: int, parent_chunks: int
) -> np.ndarray:
  """The first chunks that the parent has not drawn: the same for its children.

  Args:
    pretraining: every training chunk of the pretraining corpus.
    size: chunks of the replay pool.
    parent_seed: of the pretraining run.
    parent_chunks: how many it drew.

  Returns:
    int64 [size], into the pretraining pool.
  """
  drawn = np.arange(parent_chunks, parent_chunks + size)
  key = stream_key(parent_seed, "pretraining")
  return permute(drawn, len(pretraining), key=key)


def replay_order(
  size: int, *, seed: int, weights: np.ndarray | None = None, first: int = 0
) -> np.ndarray:
  """The order in which the chunks of a replay pool are injected.

  Args:
    size: chunks in the pool.
    seed: of the run.
    weights: [size] probabilities by which one follows the other, each among
      those that are left; None: all are equal.
    first: so many are drawn uniformly before the weights count.

  Returns:
    int64 [size]: which chunk of the pool is the nth, a permutation and a
    function of the arguments alone.
  """
  uniform = permute(np.arange(size), size, key=stream_key(seed, "replay"))
  if weights is None:
    return uniform
  # Successive draws without replacement are the order of log w + Gumbel noise
  # (Yellott 1977; Efraimidis & Spirakis 2006).
  noise = np.random.default_rng([seed, stream_key(seed, "replay")])
  with np.errstate(divide="ignore"):
    score = np.log(weights) + noise.gumbel(size=size)
  rest = uniform[first:]  # what has no weight comes last, in this order
  return np.concatenate(
    [uniform[:first], rest[np.argsort(-score[rest], kind="stable")]]
  )
