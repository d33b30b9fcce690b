"""The two programs of a model shape, compiled once: a train step and losses.

Everything in which the runs of a grid differ is an argument of theirs.
"""

import dataclasses
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from forgetting import config
from forgetting.training import evaluate, sharding
from forgetting.training import losses as losses_lib
from forgetting.training import model as model_lib
from forgetting.training import optimizer as optimizer_lib

State = dict  # params, optimizer (Optax's state), step


@dataclasses.dataclass(frozen=True, eq=False)
class Programs:
  """Compiled programs and where their arguments lie.

  Attributes:
    train: (state, batch, hyperparameters) -> (state, Metrics); donates state.
    losses: (params, chunks [E, L+1], weights [E, L]) -> [E]; E is BLOCK for
      each device of the axis `data`.
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
    if _is_spread(params):
      del zeros["params"]
      rest = {k: v for k, v in self.shardings.items() if k != "params"}
      return sharding.place(zeros, rest) | {"params": self.keep(params)}
    return sharding.place(zeros | {"params": params}, self.shardings)

  def place(self, params):
    """Parameters, kept by `keep` or on the host, as `losses` takes them."""
    if _is_spread(params):
      return params
    return sharding.place(params, self.shardings["params"])

  def keep(self, params):
    """A copy that the step, which gives its buffers away, leaves alone.

    On the host; where no process has all of it, on the devices.
    """
    if _is_spread(params):
      return jax.tree.map(jnp.copy, params)
    return jax.tree.map(lambda x: np.array(x, copy=True), params)

  def put(self, batch) -> dict:
    """This process's rows as `train` takes them: as parts of a global batch.

    Where they are all of it they stay on the host: the step sends them to the
    devices sooner than a put of its own (a step of 0.1M parameters on one core
    takes 3.3 ms instead of 3.9).
    """
    if jax.process_count() == 1:
      return batch
    put = functools.partial(
      jax.make_array_from_process_local_data, self.batch_sharding
    )
    return jax.tree.map(put, batch)


def _is_spread(params) -> bool:
  """Whether they lie on devices of other processes as well."""
  leaf = jax.tree.leaves(params)[0]
  return isinstance(leaf, jax.Array) and not leaf.is_fully_addressable


class Metrics(NamedTuple):
  """Of one step: float32 scalars."""

  loss: jax.Array  # nats a token
  gradient_norm: jax.Array  # before it is clipped


def train_step(
  state: State,
  batch,
  hyperparameters,
  *,
  model,
  micro_batches: int = 1,
  devices: float | None = None,
):
  """One step of AdamW on the weighted mean loss.

  Args:
    devices: that share the batch, all by default; below 1 where several runs
      share a device.

  Returns:
    the new state, and Metrics.
  """
  total = batch["weights_BxL"].sum()

  def loss(params, part):
    summed = losses_lib.weighted_sum(params, part, model=model, devices=devices)
    return summed / total

  value, gradients = _value_and_grad(
    loss, state["params"], batch, micro_batches
  )
  optimizer = optimizer_lib.make_optimizer(hyperparameters)
  direction, moments = optimizer.update(
    gradients, state["optimizer"], state["params"]
  )
  lr = hyperparameters.learning_rate(state["step"].astype(jnp.float32))
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


@functools.cache
def compile_programs(
  model: config.Model,
  *,
  batch_size: int,
  micro_batches: int = 1,
  model_axis: int | None = None,
) -> Programs:
  """Lowers and compiles both programs; a second call is free.

  Args:
    batch_size: sequences of the global batch.
    micro_batches: parts that it is computed in.
    model_axis: devices of the mesh's axis `model`; as few as will do.
  """
  mesh = _mesh(model, batch_size // micro_batches, model_axis)
  state, placed = state_shapes(model), _placed(model, mesh)
  return Programs(
    train=_compile_step(model, mesh, batch_size, micro_batches),
    losses=compile_losses(model, mesh, placed["params"]),
    shapes=state,
    shardings=placed,
    batch_sharding=sharding.batch_sharding(mesh),
  )


def compile_step(
  model: config.Model, *, batch_size: int, micro_batches: int = 1
) -> jax.stages.Compiled:
  """The train step alone: nothing is allocated."""
  mesh = _mesh(model, batch_size // micro_batches, None)
  return _compile_step(model, mesh, batch_size, micro_batches)


def _mesh(model, rows: int, model_axis: int | None) -> jax.sharding.Mesh:
  devices = jax.device_count()
  axis = model_axis or sharding.model_axis(model, rows=rows, devices=devices)
  return sharding.make_mesh(axis)


def _compile_step(model, mesh, batch_size: int, micro_batches: int):
  placed, everywhere = _placed(model, mesh), sharding.replicated(mesh)
  train = jax.jit(
    functools.partial(train_step, model=model, micro_batches=micro_batches),
    in_shardings=(placed, sharding.batch_sharding(mesh), everywhere),
    # left free, Auto axes may give gradients and state another layout
    out_shardings=(placed, everywhere),
    donate_argnums=0,
  )
  with jax.set_mesh(mesh):
    batch = batch_shapes(model, batch_size)
    return train.lower(state_shapes(model), batch, HYPERPARAMETERS).compile()


def compile_losses(model, mesh, placed) -> jax.stages.Compiled:
  """`evaluate.block_losses` of parameters that lie as given."""
  shares, everywhere = mesh.shape["data"], sharding.replicated(mesh)
  losses = jax.jit(
    functools.partial(evaluate.block_losses, model=model, shares=shares),
    in_shardings=(placed, everywhere, everywhere),
    out_shardings=everywhere,
  )
  sequences = evaluate.BLOCK * shares
  chunks = jax.ShapeDtypeStruct((sequences, model.context + 1), jnp.int32)
  weights = jax.ShapeDtypeStruct((sequences, model.context), jnp.float32)
  with jax.set_mesh(mesh):
    return losses.lower(model_lib.shapes(model), chunks, weights).compile()


def _placed(model, mesh) -> State:
  return sharding.shardings(state_shapes(model), mesh)


_SCALAR = jax.ShapeDtypeStruct((), jnp.float32)
HYPERPARAMETERS = optimizer_lib.Hyperparameters(
  **dict.fromkeys(optimizer_lib.Hyperparameters._fields, _SCALAR)
)


def state_shapes(model) -> State:
  """Shapes of a run's state, without making any."""
  params = model_lib.shapes(model)
  init = optimizer_lib.make_optimizer(HYPERPARAMETERS).init
  moments = jax.eval_shape(init, params)
  step = jax.ShapeDtypeStruct((), jnp.int32)
  return dict(params=params, optimizer=moments, step=step)


def batch_shapes(model, batch_size: int) -> dict[str, jax.ShapeDtypeStruct]:
  """Shapes of a batch."""
  tokens = jax.ShapeDtypeStruct((batch_size, model.context), jnp.int32)
  weights = jax.ShapeDtypeStruct(tokens.shape, jnp.float32)
  return dict(tokens_BxL=tokens, targets_BxL=tokens, weights_BxL=weights)
