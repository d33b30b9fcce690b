"""Per-example loss on fixed sequences: the same code for both losses."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
import numpy as np

from forgetting.training import losses as losses_lib

# A call measures BLOCK sequences, on a CPU a few at a time: eight stay in its
# cache and are measured 1.4 times as fast as 128. What fills a block up weighs
# nothing, and is not computed where it fills all of those few.
BLOCK, ON_CPU = 32, 8


def block_losses(params, chunks_ExL1, weights_ExL, *, model, shares=1):
  """Mean loss of each sequence over the targets that count.

  Args:
    chunks_ExL1: E = BLOCK for each of the shares.
    shares: of the sequences, one for each device of the axis `data`.

  Returns:
    float32 [E], nats a token.
  """

  def of_tokens(tokens_MxL, targets_MxL):
    return losses_lib.token_losses(params, tokens_MxL, targets_MxL, model=model)

  return block_means(of_tokens, chunks_ExL1, weights_ExL, shares=shares)


def block_means(of_tokens, chunks_ExL1, weights_ExL, *, shares=1):
  """Mean over the targets that count of what is measured at every token.

  Args:
    of_tokens: (tokens [M, L], targets [M, L]) -> float32 [M, L].
    chunks_ExL1, weights_ExL, shares: as of `block_losses`; a sequence without
      weight fills the block up.

  Returns:
    float32 [E], 0 for what fills up.
  """

  def measured(chunks_MxL1, weights_MxL):
    found_MxL = of_tokens(chunks_MxL1[:, :-1], chunks_MxL1[:, 1:])
    counted_M = jnp.maximum(weights_MxL.sum(1), 1)
    return (found_MxL * weights_MxL).sum(1) / counted_M

  at_once = ON_CPU if jax.default_backend() == "cpu" else BLOCK
  several = len(chunks_ExL1) > at_once * shares

  def micro(block):
    if not several:
      return measured(*block)
    counts = block[1].any()
    nothing_M = jnp.zeros(at_once * shares, jnp.float32)
    return jax.lax.cond(counts, measured, lambda *_: nothing_M, *block)

  def in_micros(x):
    x = x.reshape(-1, at_once * shares, x.shape[1])
    if shares == 1:
      return x
    return jax.lax.with_sharding_constraint(x, PartitionSpec(None, "data"))

  micros = jax.tree.map(in_micros, (chunks_ExL1, weights_ExL))
  return jax.lax.map(micro, micros).reshape(-1)


@dataclasses.dataclass(frozen=True)
class ValidationSet:
  """Fixed sequences and what a loss on them means.

  Attributes:
    chunks: int32 [n, L+1].
    weights: float32 [n, L], 1 for each target that counts, else 0.
    bytes: [n], UTF-8 bytes that the targets that count stand for.
    id: [n], content hashes.
    source: [n], names of the corpora that they are from.
  """

  chunks: np.ndarray
  weights: np.ndarray
  bytes: np.ndarray
  id: np.ndarray
  source: np.ndarray

  @functools.cached_property
  def counted(self) -> np.ndarray:
    """Targets that count in each sequence, float64 [n]."""
    return self.weights.sum(1, dtype=np.float64)

  def mean(self, losses: np.ndarray) -> float:
    """Nats a token over the first len(losses) sequences."""
    counted = self.counted[: len(losses)]
    return float((losses * counted).sum() / counted.sum())

  def bits_per_byte(self, losses: np.ndarray) -> float:
    """Over the first len(losses) sequences, from their mean nats a token."""
    n = len(losses)
    nats = (losses * self.counted[:n]).sum()
    return float(nats / self.bytes[:n].sum() / np.log(2))

  def standard_error(self, losses: np.ndarray) -> float:
    """Of `mean`, with the sequences as the sample."""
    n, share = len(losses), self.counted[: len(losses)]
    with np.errstate(invalid="ignore"):  # of a run that diverges
      squares = ((losses - self.mean(losses)) * share / share.mean()) ** 2
    return float(np.sqrt(squares.sum() / (n - 1) / n))


def per_example(program, params, frozen, chunks, weights) -> np.ndarray:
  """Losses of any number of sequences by the one compiled program.

  Args:
    program: `executor.Executor.losses`, for some number of sequences at once;
      or its `drift.divergences`.
    params, frozen: what is trained, and what is left alone.
    chunks: [n, L+1]; the last block is filled up and cut again.
    weights: [n, L], 0 or 1, in every sequence some 1.

  Returns:
    float32 [n], nats a token.
  """
  size = program.args_info[0][2].shape[0]
  fill = -len(chunks) % size
  chunks_BxExL1 = _blocks(chunks, np.repeat(chunks[-1:], fill, 0), size)
  weights_BxExL = _blocks(weights, np.zeros((fill, weights.shape[1])), size)
  blocks = zip(
    chunks_BxExL1.astype(np.int32),
    weights_BxExL.astype(np.float32),
    strict=True,
  )
  # all blocks are queued before the first is read back
  losses = [program(params, frozen, *block) for block in blocks]
  return np.concatenate([np.asarray(x) for x in losses])[: len(chunks)]


def _blocks(rows: np.ndarray, filling: np.ndarray, size: int) -> np.ndarray:
  """[n / size, size, ...], whole by what fills it."""
  return np.concatenate([rows, filling]).reshape(-1, size, rows.shape[1])
