"""The output layer and its loss, never with all logits at once where large.

Shapes as in models/decoder.py; V is the padded vocabulary. A family's output
layer is a matrix, a bias where it has one, and a cap on the logits.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from forgetting.config import Model
from forgetting.training import models
from forgetting.training.models import products

# Logits that a device holds at a time, float32: 512 MiB. Below that they are
# computed at once; above it a part of each sequence after another.
MOST_LOGITS = 2**27


class Head(NamedTuple):
  """Parameters of the output layer.

  Attributes:
    matrix_VxD: rows of tokens.
    bias_V: what is added to the logits, or None.
  """

  matrix_VxD: Any
  bias_V: Any = None


def head_of(params, model: Model) -> Head:
  """The output layer of some parameters.

  Args:
    params: of the model.
    model: whose family knows where it is.
  """
  family = models.of(model)
  return Head(family.head(params), family.head_bias(params))


def apply(params, tokens_BxL, *, model: Model):
  """Logits of the next token at every position.

  Args:
    params: of the model.
    tokens_BxL: int32 ids.
    model: says how they are read.

  Returns:
    float32 [B, L, vocab_size].
  """
  x_BxLxD = models.hidden(params, tokens_BxL, model=model)
  logits_BxLxV = logits(x_BxLxD, head_of(params, model), model)
  return logits_BxLxV[..., : model.vocab_size]


def token_losses(params, tokens_BxL, targets_BxL, *, model: Model):
  """Negative log-likelihood of every target.

  Args:
    params: of the model.
    tokens_BxL: int32 ids.
    targets_BxL: int32 ids of the tokens that follow.
    model: says how they are read.

  Returns:
    float32 [B, L], nats.
  """
  x_BxLxD = models.hidden(params, tokens_BxL, model=model)
  head = head_of(params, model)
  parts = parts_of(targets_BxL.shape, model)
  if parts == 1:
    return _losses(x_BxLxD, head, targets_BxL, model)

  def part(inputs):
    return _losses(inputs[0], head, inputs[1], model)

  losses = jax.lax.map(part, split((x_BxLxD, targets_BxL), parts))
  return losses.swapaxes(0, 1).reshape(targets_BxL.shape)


def weighted_sum(params, batch, *, model: Model, devices: float | None = None):
  """Sum of loss x weight over a batch: a float32 scalar, nats.

  Args:
    params: of the model.
    batch: tokens_BxL, targets_BxL, weights_BxL.
    model: says how they are read.
    devices: that share the batch; all by default.
  """
  targets_BxL, weights_BxL = batch["targets_BxL"], batch["weights_BxL"]
  tokens_BxL = batch["tokens_BxL"]
  parts = parts_of(targets_BxL.shape, model, devices)
  x_BxLxD = models.hidden(params, tokens_BxL, model=model)
  head = head_of(params, model)
  return _sum(x_BxLxD, head, targets_BxL, weights_BxL, model, parts)


def parts_of(
  shape: tuple[int, int], model: Model, devices: float | None = None
) -> int:
  """Parts of a sequence whose logits fit: a divisor of its length.

  Args:
    shape: rows and length of a batch.
    model: whose vocabulary is as wide as the logits are.
    devices: that share the rows; all by default.
  """
  rows, length = shape
  logits = rows * model.padded_vocab_size / (devices or jax.device_count())
  return next(
    n
    for n in range(1, length + 1)
    if length % n == 0 and (logits * length / n <= MOST_LOGITS or n == length)
  )


def split(tree, parts: int):
  """Cuts sequences into parts: every part has all rows.

  Args:
    tree: of arrays [B, L, ...].
    parts: a divisor of L.

  Returns:
    the same as [parts, B, L / parts, ...].
  """

  def leaf(x):
    rows, length, *rest = x.shape
    return x.reshape(rows, parts, length // parts, *rest).swapaxes(0, 1)

  return jax.tree.map(leaf, tree)


def logits(x_BxLxD, head: Head, model: Model):
  """Logits of what the layers give.

  Args:
    x_BxLxD: of `models.hidden`.
    head: of `head_of`.
    model: whose vocabulary may be smaller than V.

  Returns:
    float32 [B, L, V]; minus infinity for rows that only pad the embedding.
  """
  logits_BxLxV = jnp.dot(
    x_BxLxD,
    head.matrix_VxD.astype(x_BxLxD.dtype).T,
    preferred_element_type=jnp.float32,
  )
  if head.bias_V is not None:
    logits_BxLxV += head.bias_V.astype(jnp.float32)
  if cap := models.of(model).logit_cap(model.architecture):
    logits_BxLxV = cap * jnp.tanh(logits_BxLxV / cap)
  if model.padded_vocab_size == model.vocab_size:
    return logits_BxLxV
  real_V = jnp.arange(model.padded_vocab_size) < model.vocab_size
  return jnp.where(real_V, logits_BxLxV, -jnp.inf)


def _losses(x_BxLxD, head: Head, targets_BxL, model: Model):
  return optax.softmax_cross_entropy_with_integer_labels(
    logits(x_BxLxD, head, model), targets_BxL
  )


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _sum(x_BxLxD, head, targets, weights, model, parts):
  def part(inputs):
    x, targets, weights = inputs
    return (_losses(x, head, targets, model) * weights).sum()

  inputs = (x_BxLxD, targets, weights)
  if parts == 1:
    return part(inputs)
  return jax.lax.map(part, split(inputs, parts)).sum()


def _sum_and_gradients(x_BxLxD, head, targets, weights, model, parts):
  """Gradients along with the loss: no logits are computed a second time."""
  inputs = (x_BxLxD, targets, weights)
  cast = head._replace(matrix_VxD=head.matrix_VxD.astype(x_BxLxD.dtype))
  if parts == 1:
    total, slopes, slope_x = _part(inputs, cast, model)
  else:
    total, slopes, slope_x = _by_parts(inputs, cast, model, parts)
  like = jax.tree.map(lambda g, x: g.astype(x.dtype), slopes, head)
  return total, (slope_x, like)


def _by_parts(inputs, head: Head, model: Model, parts: int):
  """As `_part` of all positions, one part after another."""

  def part(sums, inputs):
    total, slopes, slope_x = _part(inputs, head, model)
    return jax.tree.map(jnp.add, sums, (total, slopes)), slope_x

  zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, jnp.float32), head)
  start = (jnp.zeros((), jnp.float32), zeros)
  sums, slope_x = jax.lax.scan(part, start, split(inputs, parts))
  return *sums, slope_x.swapaxes(0, 1).reshape(inputs[0].shape)


def _part(inputs, head: Head, model: Model):
  """Of C positions of every sequence: the loss, and gradients of head and x."""
  x_BxCxD, targets_BxC, weights_BxC = inputs
  logits_BxCxV = logits(x_BxCxD, head, model)
  highest_BxCx1 = logits_BxCxV.max(-1, keepdims=True)
  odds_BxCxV = jnp.exp(logits_BxCxV - highest_BxCx1)
  total_BxCx1 = odds_BxCxV.sum(-1, keepdims=True)
  norm_BxC = (jnp.log(total_BxCx1) + highest_BxCx1)[..., 0]
  at_BxC = jnp.take_along_axis(logits_BxCxV, targets_BxC[..., None], -1)[..., 0]
  losses_BxC = norm_BxC - at_BxC

  weights_BxCx1 = weights_BxC[..., None]
  hit_BxCxV = jnp.arange(logits_BxCxV.shape[-1]) == targets_BxC[..., None]
  slope_BxCxV = odds_BxCxV * (weights_BxCx1 / total_BxCx1)
  slope_BxCxV -= jnp.where(hit_BxCxV, weights_BxCx1, 0)
  # of what the cap was put on; no slope on rows that pad
  if cap := models.of(model).logit_cap(model.architecture):
    slope_BxCxV *= 1 - jnp.square(jnp.maximum(logits_BxCxV, -cap) / cap)

  bias_V = None if head.bias_V is None else slope_BxCxV.sum((0, 1))
  # products of 16-bit numbers where the forward pass has them
  slope_BxCxV = slope_BxCxV.astype(x_BxCxD.dtype)
  slopes = Head(products.outer(slope_BxCxV, x_BxCxD, jnp.float32), bias_V)
  total = (losses_BxC * weights_BxC).sum()
  return total, slopes, jnp.dot(slope_BxCxV, head.matrix_VxD)


def _scaled(model, parts, gradients, cotangent):
  scaled = jax.tree.map(lambda g: (g * cotangent).astype(g.dtype), gradients)
  return *scaled, None, None


_sum.defvjp(_sum_and_gradients, _scaled)
