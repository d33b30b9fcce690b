"""How far what a model says is from what its base says: KL(base, now).

Shapes as in models/decoder.py; V is the padded vocabulary.
"""

import jax
import jax.numpy as jnp
import optax

from forgetting.config import Model
from forgetting.training import losses as losses_lib
from forgetting.training import models


def token_divergences(params, base, tokens_BxL, *, model: Model):
  """KL(base, now) of the next token at every position.

  Args:
    params, base: of the model now, and as it was.
    tokens_BxL: int32 ids.
    model: says how they are read.

  Returns:
    float32 [B, L], nats.
  """
  read = _hidden(params, base, tokens_BxL, model)
  parts = losses_lib.parts_of((2 * len(tokens_BxL), tokens_BxL.shape[1]), model)
  heads = _heads(params, base, model)

  def part(states):
    return _divergences(*_logits(states, heads, model))

  if parts == 1:
    return part(read)
  found = jax.lax.map(part, losses_lib.split(read, parts))
  return found.swapaxes(0, 1).reshape(tokens_BxL.shape)


def weighted_sum(
  params,
  base,
  tokens_BxL,
  targets_BxL,
  *,
  loss_weights_BxL,
  divergence_weights_BxL,
  model: Model,
  devices: float | None = None,
):
  """Sum of loss x its weight + divergence x its weight over a batch.

  Args:
    params, base: of the model now, and as it was: nothing is learnt from base.
    tokens_BxL, targets_BxL: int32 ids, and those that follow.
    loss_weights_BxL, divergence_weights_BxL: float32.
    model: says how they are read.
    devices: that share the batch; all by default.

  Returns:
    a float32 scalar, nats.
  """
  read = _hidden(params, base, tokens_BxL, model)
  heads = _heads(params, base, model)
  rows, length = tokens_BxL.shape
  parts = losses_lib.parts_of((2 * rows, length), model, devices)

  # logits of a part are computed again for its gradient, never kept
  @jax.checkpoint
  def part(inputs):
    states, targets, loss_weights, divergence_weights = inputs
    now_BxLxV, base_BxLxV = _logits(states, heads, model)
    losses_BxL = optax.softmax_cross_entropy_with_integer_labels(
      now_BxLxV, targets
    )
    divergences_BxL = _divergences(now_BxLxV, base_BxLxV)
    return (
      losses_BxL * loss_weights + divergences_BxL * divergence_weights
    ).sum()

  inputs = (read, targets_BxL, loss_weights_BxL, divergence_weights_BxL)
  if parts == 1:
    return part(inputs)
  return jax.lax.map(part, losses_lib.split(inputs, parts)).sum()


def _hidden(params, base, tokens_BxL, model: Model):
  """Of both; of base as a constant."""
  now = models.hidden(params, tokens_BxL, model=model)
  before = models.hidden(base, tokens_BxL, model=model)
  return now, jax.lax.stop_gradient(before)


def _heads(params, base, model: Model):
  now = losses_lib.head_of(params, model)
  return now, jax.lax.stop_gradient(losses_lib.head_of(base, model))


def _logits(states, heads, model: Model):
  return tuple(
    losses_lib.logits(x, head, model)
    for x, head in zip(states, heads, strict=True)
  )


def _divergences(now_BxLxV, base_BxLxV):
  """Of logits; a token that base never says, as padding, adds nothing."""
  now, base = jax.nn.log_softmax(now_BxLxV), jax.nn.log_softmax(base_BxLxV)
  said = jnp.isfinite(base)
  difference = jnp.where(said, base, 0) - jnp.where(said, now, 0)
  return (jnp.exp(base) * difference).sum(-1)
