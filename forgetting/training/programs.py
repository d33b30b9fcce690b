"""The two programs of a model and a method, compiled once: a step and losses.

Everything in which the runs of a grid differ is an argument of theirs.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from forgetting.config import Model
from forgetting.training import evaluate, models, shapes, sharding
from forgetting.training.methods.full import FULL
from forgetting.training.methods.method import Method
from forgetting.training.models.family import Params
from forgetting.training.step import State, train_step


@dataclasses.dataclass(frozen=True, eq=False)
class Programs:
  """Compiled programs, and where their arguments lie: an `executor.Executor`.

  Attributes:
    method: by which the step changes the weights.
    train: (state, base, batch, hyperparameters) -> (state, Metrics); donates
      the state.
    losses: (params, base, chunks [E, L+1], weights [E, L]) -> [E]; E is BLOCK
      for each device of the axis `data`.
    shapes, shardings: of a run's state.
    batch_sharding: of a batch's arrays.
  """

  method: Method
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

  def init_state(self, params: Params) -> State:
    """A state at step 0: zero moments around the parameters given."""
    zeros = jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), self.shapes)
    if _is_spread(params):
      del zeros["params"]
      rest = {k: v for k, v in self.shardings.items() if k != "params"}
      return sharding.to_devices(zeros, rest) | {"params": self.keep(params)}
    return sharding.to_devices(zeros | {"params": params}, self.shardings)

  def to_devices(self, params: Params) -> Params:
    """Parameters, kept by `keep` or on the host, as `losses` takes them."""
    if _is_spread(params):
      return params
    return sharding.to_devices(params, self.shardings["params"])

  def keep(self, params: Params) -> Params:
    """A copy that the step, which gives its buffers away, leaves alone.

    On the host; where no process has all of it, on the devices.
    """
    if _is_spread(params):
      return jax.tree.map(jnp.copy, params)
    return jax.tree.map(lambda x: np.array(x, copy=True), params)

  def put(self, batch: dict) -> dict:
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


@functools.cache
def compile_programs(
  model: Model,
  *,
  batch_size: int,
  micro_batches: int = 1,
  model_axis: int | None = None,
  method: Method = FULL,
) -> Programs:
  """Lowers and compiles both programs; a second call is free.

  Args:
    model: whose step and losses they are.
    batch_size: sequences of the global batch.
    micro_batches: parts that it is computed in.
    model_axis: devices of the mesh's axis `model`; as few as will do.
    method: by which the step changes the weights.

  Raises:
    InputError: sizes that do not divide over the devices.
  """
  mesh = _mesh(model, batch_size // micro_batches, model_axis)
  state, base = shapes.state_and_base(model, method)
  rules = models.of(model).RULES
  placed = sharding.shardings(state, mesh, rules)
  return Programs(
    method=method,
    train=_compile_step(model, mesh, batch_size, micro_batches, method),
    losses=compile_losses(
      model,
      mesh,
      method,
      (placed["params"], sharding.shardings(base, mesh, rules)),
    ),
    shapes=state,
    shardings=placed,
    batch_sharding=sharding.batch_sharding(mesh),
  )


def compile_step(
  model: Model,
  *,
  batch_size: int,
  micro_batches: int = 1,
  method: Method = FULL,
) -> jax.stages.Compiled:
  """The train step alone, for all devices: nothing is allocated.

  Args:
    model, batch_size, micro_batches, method: as of `compile_programs`.
  """
  mesh = _mesh(model, batch_size // micro_batches, None)
  return _compile_step(model, mesh, batch_size, micro_batches, method)


def _mesh(model: Model, rows: int, model_axis: int | None) -> jax.sharding.Mesh:
  devices = jax.device_count()
  axis = model_axis or sharding.model_axis(model, rows=rows, devices=devices)
  return sharding.make_mesh(axis)


def _compile_step(
  model: Model, mesh, batch_size: int, micro_batches: int, method: Method
) -> jax.stages.Compiled:
  state, base = shapes.state_and_base(model, method)
  rules = models.of(model).RULES
  placed, everywhere = (
    sharding.shardings(state, mesh, rules),
    sharding.replicated(mesh),
  )
  train = jax.jit(
    functools.partial(
      train_step, model=model, method=method, micro_batches=micro_batches
    ),
    in_shardings=(
      placed,
      sharding.shardings(base, mesh, rules),
      sharding.batch_sharding(mesh),
      everywhere,
    ),
    # left free, Auto axes may give gradients and state another layout
    out_shardings=(placed, everywhere),
    donate_argnums=0,
  )
  batch = shapes.batch(model, batch_size)
  with jax.set_mesh(mesh):
    return train.lower(state, base, batch, shapes.HYPERPARAMETERS).compile()


def compile_losses(
  model: Model, mesh, method: Method, placed
) -> jax.stages.Compiled:
  """`evaluate.block_losses` of what a method has trained.

  Args:
    model: whose losses they are.
    mesh: over its axis `data` lie the sequences.
    method: merges what is trained with its base.
    placed: shardings of both.
  """
  shares, everywhere = mesh.shape["data"], sharding.replicated(mesh)

  def block_losses(params, base, chunks_ExL1, weights_ExL):
    return evaluate.block_losses(
      method.merge(params, base),
      chunks_ExL1,
      weights_ExL,
      model=model,
      shares=shares,
    )

  losses = jax.jit(
    block_losses,
    in_shardings=(*placed, everywhere, everywhere),
    out_shardings=everywhere,
  )
  sequences = evaluate.BLOCK * shares
  chunks = jax.ShapeDtypeStruct((sequences, model.context + 1), jnp.int32)
  weights = jax.ShapeDtypeStruct((sequences, model.context), jnp.float32)
  trained = method.split(models.shapes(model))
  with jax.set_mesh(mesh):
    return losses.lower(*trained, chunks, weights).compile()


def params_on_devices(model: Model) -> tuple[Params, Params]:
  """Shapes of a model's parameters, and where they lie on all devices.

  To read and measure them; a run has its own.
  """
  devices = jax.device_count()
  # no batch has to divide: as many rows as devices always do
  mesh = _mesh(model, devices, None)
  found = models.shapes(model)
  return found, sharding.shardings(found, mesh, models.of(model).RULES)
