"""Gradients of single sequences, folded to a few numbers each.

Every parameter is added, with a random sign, to one of so many buckets (a
count sketch; Charikar, Chen & Farach-Colton 2002). Inner products of sketches
are those of the gradients on average, with variance |a|^2 |b|^2 / buckets, at
the cost of reading the gradient once.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from forgetting.training import losses as losses_lib

MICRO = 8  # sequences at a time


@functools.partial(jax.jit, static_argnames=("model", "buckets"))
def _sketches(params, chunks_MxL1, weights_MxL, *, model, buckets):
  def loss(params, chunk, weights):
    losses = losses_lib.token_losses(
      params, chunk[None, :-1], chunk[None, 1:], model=model
    )[0]
    return (losses * weights).sum() / weights.sum()

  gradients = jax.vmap(jax.grad(loss), (None, 0, 0))(
    params, chunks_MxL1, weights_MxL
  )
  out = jnp.zeros((len(chunks_MxL1), buckets))
  for number, leaf in enumerate(jax.tree.leaves(gradients)):
    flat_MxP = leaf.reshape(len(leaf), -1)
    to_bucket, to_sign = jax.random.split(jax.random.key(number))
    shape = flat_MxP.shape[1:]
    bucket = jax.random.randint(to_bucket, shape, 0, buckets)
    sign = jax.random.rademacher(to_sign, shape, flat_MxP.dtype)
    out = out.at[:, bucket].add(flat_MxP * sign)
  return out


def sketches(
  params, chunks: np.ndarray, weights: np.ndarray, *, model, buckets: int = 8192
) -> np.ndarray:
  """Sketch of the gradient of each sequence's mean loss.

  Args:
    chunks: [n, L+1] token ids.
    weights: [n, L], 1 for targets that count.

  Returns:
    float32 [n, buckets]; the same buckets and signs at every call.
  """
  compute = functools.partial(_sketches, model=model, buckets=buckets)
  return in_parts(compute, params, chunks, weights)


def in_parts(compute, params, tokens: np.ndarray, weights: np.ndarray):
  """Computes something of each sequence, a few at a time in one program.

  Args:
    compute: (params, [m, L'] token ids, [m, L]) -> [m, ...], jitted.
    params: of the model.
    tokens: [n, L'] token ids.
    weights: [n, L].

  Returns:
    [n, ...], on the host.
  """
  fill = -len(tokens) % MICRO
  tokens, weights = (
    np.concatenate([rows, np.repeat(rows[-1:], fill, axis=0)])
    for rows in (tokens.astype(np.int32), weights)
  )
  parts = [
    np.asarray(compute(params, tokens[i : i + MICRO], weights[i : i + MICRO]))
    for i in range(0, len(tokens), MICRO)
  ]
  return np.concatenate(parts)[: len(tokens) - fill]
