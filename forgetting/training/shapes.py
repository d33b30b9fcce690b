"""Shapes of what a step is given, known without making any of it."""

import jax
import jax.numpy as jnp

from forgetting.config import Model
from forgetting.training.methods.method import Method
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters, make_optimizer

_SCALAR = jax.ShapeDtypeStruct((), jnp.float32)
HYPERPARAMETERS = Hyperparameters(
  **dict.fromkeys(Hyperparameters._fields, _SCALAR)
)


def state_and_frozen(
  method: Method, optimizer: str = "adamw"
) -> tuple[dict, Params]:
  """Of a run's state, and of what its method leaves alone.

  Args:
    method: of the run.
    optimizer: its kind, as of `config.Optimizer`.
  """
  params, frozen = method.shapes()
  init = make_optimizer(HYPERPARAMETERS, method, optimizer).init
  moments = jax.eval_shape(init, params)
  step = jax.ShapeDtypeStruct((), jnp.int32)
  return dict(params=params, optimizer=moments, step=step), frozen


def block(
  model: Model, sequences: int
) -> tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]:
  """Of so many sequences that are measured: chunks, and weights of targets."""
  return (
    jax.ShapeDtypeStruct((sequences, model.context + 1), jnp.int32),
    jax.ShapeDtypeStruct((sequences, model.context), jnp.float32),
  )


def batch(
  model: Model, batch_size: int, *, injected: bool = False
) -> dict[str, jax.ShapeDtypeStruct]:
  """Of a batch of so many sequences.

  Args:
    model: that reads them.
    batch_size: sequences.
    injected: whether it tells which of them are injected.
  """
  tokens = jax.ShapeDtypeStruct((batch_size, model.context), jnp.int32)
  weights = jax.ShapeDtypeStruct(tokens.shape, jnp.float32)
  out = dict(tokens_BxL=tokens, targets_BxL=tokens, weights_BxL=weights)
  if injected:
    out["injected_B"] = jax.ShapeDtypeStruct((batch_size,), jnp.float32)
  return out
