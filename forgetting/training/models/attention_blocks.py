"""Attention written out, a block of queries at a time, with its own gradients.

Every product is one of plain matrices that XLA:CPU has a fast kernel for: none
contracts the rows of its first operand. The two gradients that would, of keys
and of values, are products of narrow transposed copies.

Shapes: B batch, L sequence, G heads of keys and values, R queries of each, K
channels of a head; N queries of a block, M keys up to its end.
"""

import functools

import jax
import jax.numpy as jnp

from forgetting.training.models import products


def blocks(length: int) -> int:
  """Of queries: at most four, of 64 or more.

  More would be more products too small to be fast, and more to compile.
  """
  return next(
    n for n in (4, 2, 1) if length % n == 0 and (n == 1 or length >= 64 * n)
  )


@functools.partial(jax.custom_vjp, nondiff_argnums=(4,))
def attend(q_BxGxRxLxK, k_BxGxLxK, v_BxGxLxK, seen_LxL, cap: float | None):
  """Softmax attention to keys up to each query's own position.

  Two blocks leave out a quarter of the scores, four three eighths.

  Args:
    q_BxGxRxLxK: scaled queries.
    k_BxGxLxK, v_BxGxLxK: keys and values.
    seen_LxL: whether a query (rows) sees a key (columns); itself it does, and
      none behind it.
    cap: c, where scores are then c tanh(x / c).

  Returns:
    [B, G, R, L, K].
  """
  out, _ = _forward(q_BxGxRxLxK, k_BxGxLxK, v_BxGxLxK, seen_LxL, cap)
  return out


def _forward(q_BxGxRxLxK, k_BxGxLxK, v_BxGxLxK, seen_LxL, cap):
  out, kept = [], []
  for block in _blocks(q_BxGxRxLxK.shape[3]):
    end = block.stop
    q_BxGxRxNxK = q_BxGxRxLxK[:, :, :, block]
    part, weights = _block(
      _rows(q_BxGxRxNxK),
      k_BxGxLxK[:, :, :end],
      v_BxGxLxK[:, :, :end],
      seen_LxL[block, :end],
      cap,
    )
    out.append(part.reshape(q_BxGxRxNxK.shape))
    kept.append(weights)
  whole = jnp.concatenate(out, axis=3)
  return whole, (q_BxGxRxLxK, k_BxGxLxK, v_BxGxLxK, whole, kept)


def _block(q_BxGxRNxK, k_BxGxMxK, v_BxGxMxK, seen_NxM, cap):
  """What some queries find, and what its gradients need: the weights, their
  sums, and with a cap its slope."""
  scores = _multiply("bgrk,bgmk->bgrm", q_BxGxRNxK, k_BxGxMxK)
  slope = None
  if cap is not None:
    capped = jnp.tanh(scores / cap)
    scores, slope = cap * capped, 1 - jnp.square(capped)
  scores = _seen_alone(scores, seen_NxM)
  weights = jnp.exp(scores - scores.max(-1, keepdims=True))
  total = weights.sum(-1, keepdims=True)
  found = _multiply(
    "bgrm,bgmk->bgrk", weights.astype(v_BxGxMxK.dtype), v_BxGxMxK
  )
  # what is divided is the result, a fraction of the weights' size
  return (found / total).astype(v_BxGxMxK.dtype), (weights, total, slope)


def _backward(cap, kept, slope_BxGxRxLxK):
  q_BxGxRxLxK, k_BxGxLxK, v_BxGxLxK, out_BxGxRxLxK, parts = kept
  dtype, length = k_BxGxLxK.dtype, k_BxGxLxK.shape[2]
  slopes_q, slopes_k, slopes_v = [], [], []
  for block, (weights, total, bend) in zip(_blocks(length), parts, strict=True):
    end = block.stop
    q, out, slope = (
      _rows(x[:, :, :, block])
      for x in (q_BxGxRxLxK, out_BxGxRxLxK, slope_BxGxRxLxK)
    )
    slope = slope / total
    along = (slope * out).sum(-1, keepdims=True)
    slope = slope.astype(dtype)
    slopes_v.append(products.outer_each(slope, weights.astype(dtype)))
    of_weights = _multiply("bgrk,bgmk->bgrm", slope, v_BxGxLxK[:, :, :end])
    of_scores = weights * (of_weights - along)
    if cap is not None:
      of_scores *= bend
    of_scores = of_scores.astype(dtype)
    slope_q = _multiply("bgrm,bgmk->bgrk", of_scores, k_BxGxLxK[:, :, :end])
    slopes_q.append(slope_q.reshape(q_BxGxRxLxK[:, :, :, block].shape))
    slopes_k.append(products.outer_each(q, of_scores))
  slope_q = jnp.concatenate(slopes_q, axis=3).astype(dtype)
  return slope_q, _summed(slopes_k, dtype), _summed(slopes_v, dtype), None


attend.defvjp(_forward, _backward)


def _summed(slopes, dtype):
  """Of [B, G, K, M] of each block, their sum over the keys: [B, G, L, K]."""
  starts = [0] + [slope.shape[-1] for slope in slopes[:-1]]
  ends = [slope.shape[-1] for slope in slopes]
  columns = [
    sum(slope[..., start:end] for slope in slopes[i:])
    for i, (start, end) in enumerate(zip(starts, ends, strict=True))
  ]
  return jnp.concatenate(columns, axis=-1).astype(dtype).swapaxes(-1, -2)


def _blocks(length: int) -> list[slice]:
  rows = length // blocks(length)
  return [slice(end - rows, end) for end in range(rows, length + 1, rows)]


def _rows(x_BxGxRxNxK):
  """[B, G, R N, K]."""
  batch, groups, each, rows, size = x_BxGxRxNxK.shape
  return x_BxGxRxNxK.reshape(batch, groups, each * rows, size)


def _seen_alone(scores_BxGxRNxM, seen_NxM):
  """The scores of what is seen, by all R queries of a position alike."""
  batch, groups = scores_BxGxRNxM.shape[:2]
  apart = scores_BxGxRNxM.reshape(batch, groups, -1, *seen_NxM.shape)
  return jnp.where(seen_NxM, apart, -jnp.inf).reshape(scores_BxGxRNxM.shape)


_multiply = functools.partial(jnp.einsum, preferred_element_type=jnp.float32)
