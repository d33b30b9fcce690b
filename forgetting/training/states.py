"""Hidden states of whole sequences, pooled to one vector each."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from forgetting.training import models
from forgetting.training.gradients import in_parts


@functools.partial(jax.jit, static_argnames="model")
def _pooled(params, tokens_MxL, weights_MxL, *, model):
  x_MxLxD = models.hidden(params, tokens_MxL, model=model)
  x_MxLxD = x_MxLxD.astype(jnp.float32)
  counted = weights_MxL > 0
  share_MxL = counted / jnp.maximum(counted.sum(-1, keepdims=True), 1)
  mean_MxD = jnp.einsum("ml,mld->md", share_MxL, x_MxLxD)
  last_M = jnp.max(jnp.where(counted, jnp.arange(counted.shape[1]), 0), axis=1)
  last_MxD = jnp.take_along_axis(x_MxLxD, last_M[:, None, None], axis=1)[:, 0]
  return jnp.stack([mean_MxD, last_MxD], axis=1)


def pooled(
  params, tokens: np.ndarray, weights: np.ndarray, *, model
) -> np.ndarray:
  """What the output layer reads, over the tokens that count.

  Args:
    params: of the model.
    tokens: [n, L] token ids.
    weights: [n, L], above 0 for tokens that count.

  Returns:
    float32 [n, 2, D]: the mean, and the state at the last one.
  """
  compute = functools.partial(_pooled, model=model)
  return in_parts(compute, params, tokens, weights)
