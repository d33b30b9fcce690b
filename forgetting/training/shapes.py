"""Shapes of what a step is given, known without making any of it."""

import jax
import jax.numpy as jnp

from forgetting.config import Model
from forgetting.training import models
from forgetting.training.methods.method import Method
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters, make_optimizer

_SCALAR = jax.ShapeDtypeStruct((), jnp.float32)
HYPERPARAMETERS = Hyperparameters(
  **dict.fromkeys(Hyperparameters._fields, _SCALAR)
)


def state_and_base(model: Model, method: Method) -> tuple[dict, Params]:
  """Of a run's state, and of what its method leaves alone."""
  params, base = method.split(models.shapes(model))
  init = make_optimizer(HYPERPARAMETERS, models.of(model)).init
  moments = jax.eval_shape(init, params)
  step = jax.ShapeDtypeStruct((), jnp.int32)
  return dict(params=params, optimizer=moments, step=step), base


def batch(model: Model, batch_size: int) -> dict[str, jax.ShapeDtypeStruct]:
  """Of a batch of so many sequences."""
  tokens = jax.ShapeDtypeStruct((batch_size, model.context), jnp.int32)
  weights = jax.ShapeDtypeStruct(tokens.shape, jnp.float32)
  return dict(tokens_BxL=tokens, targets_BxL=tokens, weights_BxL=weights)
