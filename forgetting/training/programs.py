"""The two programs of a model shape, compiled once: a train step and losses.

Everything in which the runs of a grid differ is an argument of theirs.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from forgetting import config
from forgetting.training import evaluate, sharding
from forgetting.training import model as model_lib
from forgetting.training import optimizer as optimizer_lib

State = dict  # params, optimizer (Optax's state), step


@dataclasses.dataclass(frozen=True, eq=False)
class Programs:
  """Compiled programs and where their arguments lie.

  Attributes:
    train: (state, batch, hyperparameters) -> (state, loss); donates state.
    losses: (params, chunks [BLOCK, L+1], weights [BLOCK, L]) -> [BLOCK].
  """

  train: jax.stages.Compiled
  losses: jax.stages.Compiled
  shapes: State
  shardings: State
  batch_sharding: jax.sharding.NamedSharding

  @property
  def device(self) -> str:
    """Kind and number of the devices that the programs run on."""
    devices = self.batch_sharding.mesh.devices.flat
    return f"{len(devices)} x {devices[0].device_kind}"

  def init_state(self, params) -> State:
    """A state at step 0: zero moments around the parameters given."""
    zeros = jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), self.shapes)
    return jax.device_put(zeros | {"params": params}, self.shardings)

  def put(self, batch) -> dict[str, jax.Array]:
    """This process's rows as a global batch."""
    put = functools.partial(
      jax.make_array_from_process_local_data, self.batch_sharding
    )
    return jax.tree.map(put, batch)


def train_step(state: State, batch, hyperparameters, *, model):
  """One step of AdamW on the weighted mean loss.

  Returns:
    the new state, and the loss: a float32 scalar, nats a token.
  """

  def loss(params):
    losses = model_lib.token_losses(
      params, batch["tokens_BxL"], batch["targets_BxL"], model=model
    )
    weights = batch["weights_BxL"]
    return (losses * weights).sum() / weights.sum()

  value, gradients = jax.value_and_grad(loss)(state["params"])
  optimizer = optimizer_lib.make_optimizer(hyperparameters)
  direction, moments = optimizer.update(
    gradients, state["optimizer"], state["params"]
  )
  lr = hyperparameters.learning_rate(state["step"].astype(jnp.float32))
  params = optax.tree.add_scale(state["params"], -lr, direction)
  state = dict(params=params, optimizer=moments, step=state["step"] + 1)
  return state, value


@functools.cache
def compile_programs(model: config.Model, *, batch_size: int) -> Programs:
  """Lowers and compiles both programs; a second call is free."""
  mesh = sharding.make_mesh()
  sharding.check(mesh, batch_size=batch_size, width=model.width)
  scalar = jax.ShapeDtypeStruct((), jnp.float32)
  hyperparameters = optimizer_lib.Hyperparameters(
    **dict.fromkeys(optimizer_lib.Hyperparameters._fields, scalar)
  )
  state = _state_shapes(model, hyperparameters)
  placed = sharding.shardings(state, mesh)
  by_batch, everywhere = (
    sharding.batch_sharding(mesh),
    sharding.replicated(mesh),
  )
  chunks = jax.ShapeDtypeStruct((evaluate.BLOCK, model.context + 1), jnp.int32)
  weights = jax.ShapeDtypeStruct((evaluate.BLOCK, model.context), jnp.float32)

  train = jax.jit(
    functools.partial(train_step, model=model),
    in_shardings=(placed, by_batch, everywhere),
    # left free, Auto axes may give gradients and state another layout
    out_shardings=(placed, everywhere),
    donate_argnums=0,
  )
  losses = jax.jit(
    functools.partial(evaluate.block_losses, model=model),
    in_shardings=(placed["params"], everywhere, everywhere),
    out_shardings=everywhere,
  )
  with jax.set_mesh(mesh):
    batch = _batch_shapes(model, batch_size)
    return Programs(
      train=train.lower(state, batch, hyperparameters).compile(),
      losses=losses.lower(state["params"], chunks, weights).compile(),
      shapes=state,
      shardings=placed,
      batch_sharding=by_batch,
    )


def _state_shapes(model, hyperparameters) -> State:
  params = model_lib.shapes(model)
  init = optimizer_lib.make_optimizer(hyperparameters).init
  moments = jax.eval_shape(init, params)
  step = jax.ShapeDtypeStruct((), jnp.int32)
  return dict(params=params, optimizer=moments, step=step)


def _batch_shapes(model, batch_size: int) -> dict[str, jax.ShapeDtypeStruct]:
  tokens = jax.ShapeDtypeStruct((batch_size, model.context), jnp.int32)
  weights = jax.ShapeDtypeStruct(tokens.shape, jnp.float32)
  return dict(tokens_BxL=tokens, targets_BxL=tokens, weights_BxL=weights)
