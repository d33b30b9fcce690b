"""One training step, of any model by any method; a fleet's is the same."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from forgetting.training.methods.method import Method
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters, make_optimizer

State = dict  # params that are trained, optimizer (Optax's state), step


class Metrics(NamedTuple):
  """Of one step: float32 scalars."""

  loss: jax.Array  # nats a token
  gradient_norm: jax.Array  # before it is clipped


def train_step(
  state: State,
  frozen: Params,
  batch: dict[str, jax.Array],
  h: Hyperparameters,
  *,
  method: Method,
  optimizer: str = "adamw",
  micro_batches: int = 1,
  devices: float | None = None,
) -> tuple[State, Metrics]:
  """One step of the optimizer on the weighted mean of a method's objective.

  Args:
    state: of the run.
    frozen: what the method keeps beside it and leaves alone; empty where all
      is trained on the loss alone.
    batch: tokens_BxL, targets_BxL, weights_BxL; and injected_B where the method
      reads it.
    h: traced, so that the runs of a grid share the program.
    method: by which the weights are changed.
    optimizer: its kind, as of `config.Optimizer`.
    micro_batches: parts that the batch is computed in.
    devices: that share the batch, all by default; below 1 where several runs
      share a device.

  Returns:
    the new state, and Metrics.
  """
  total = batch["weights_BxL"].sum()

  def loss(params, part):
    summed = method.objective(
      params, frozen, part, strength=h.strength, devices=devices
    )
    return summed / total

  value, gradients = _value_and_grad(
    loss, state["params"], batch, micro_batches
  )
  chain = make_optimizer(h, method, optimizer)
  direction, moments = chain.update(
    gradients, state["optimizer"], state["params"]
  )
  lr = h.learning_rate(state["step"].astype(jnp.float32))
  params = optax.tree.add_scale(state["params"], -lr, direction)
  state = dict(params=params, optimizer=moments, step=state["step"] + 1)
  return state, Metrics(value, optax.tree.norm(gradients))


def _value_and_grad(loss, params, batch, micro_batches: int):
  """Of a sum over the rows, in parts one after the other, added in float32."""
  if micro_batches == 1:
    return jax.value_and_grad(loss)(params, batch)

  def part(x):
    # every device keeps its rows: the parts are taken from each of them
    return x.reshape(-1, micro_batches, *x.shape[1:]).swapaxes(0, 1)

  def add(sums, part):
    return jax.tree.map(
      jnp.add, sums, jax.value_and_grad(loss)(params, part)
    ), ()

  zeros = (jnp.zeros((), jnp.float32), jax.tree.map(jnp.zeros_like, params))
  return jax.lax.scan(add, zeros, jax.tree.map(part, batch))[0]
