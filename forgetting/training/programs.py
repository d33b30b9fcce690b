"""The two programs of a model and a method, compiled once: a step and losses.

Everything in which the runs of a grid differ is an argument of theirs.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from forgetting import config
from forgetting.config import Model
from forgetting.config.method import FULL
from forgetting.training import evaluate, methods, models, shapes, sharding
from forgetting.training.drift import Drift, compile_drift
from forgetting.training.methods.method import Method
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.step import State, train_step


@dataclasses.dataclass(frozen=True, eq=False)
class Programs:
  """Compiled programs, and where their arguments lie: an `executor.Executor`.

  Attributes:
    method: by which the step changes the weights.
    train: (state, frozen, batch, hyperparameters) -> (state, Metrics); donates
      the state.
    losses: (params, frozen, chunks [E, L+1], weights [E, L]) -> [E]; E is BLOCK
      for each device of the axis `data`.
    shapes, shardings: of a run's state.
    frozen_shardings: of what its method keeps beside it.
    batch_sharding: of a batch's arrays.
  """

  method: Method
  train: jax.stages.Compiled
  losses: jax.stages.Compiled
  shapes: State
  shardings: State
  frozen_shardings: Params
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

  @functools.cached_property
  def drift(self) -> Drift:
    """What measures the way from base; compiled where it is first wanted."""
    lies = self.shardings["params"], self.frozen_shardings
    return compile_drift(self.method, self.batch_sharding.mesh, lies)

  @property
  def of_model(self) -> tuple[Params, Params]:
    """Shapes of all parameters of the model, and where they lie when read."""
    found = models.shapes(self.method.model)
    mesh: Any = self.batch_sharding.mesh  # no abstract one
    return found, sharding.shardings(found, mesh, self.method.rules)

  def place(self, frozen: Params) -> Params:
    """What a method keeps beside the trained parameters, on the devices."""
    if not frozen or _is_spread(frozen):
      return frozen
    return sharding.to_devices(frozen, self.frozen_shardings)

  def spread(self, hyperparameters: Hyperparameters) -> Hyperparameters:
    """Hyperparameters on all devices: sent with every step they would take 2 %
    of one of 0.1M parameters."""
    mesh: Any = self.batch_sharding.mesh  # no abstract one
    whole = sharding.replicated(mesh)
    lies = jax.tree.map(lambda _: whole, hyperparameters)
    return sharding.to_devices(hyperparameters, lies)

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
  method: config.Method = FULL,
  optimizer: str = "adamw",
) -> Programs:
  """Lowers and compiles both programs; a second call is free.

  Args:
    model: whose step and losses they are.
    batch_size: sequences of the global batch.
    micro_batches: parts that it is computed in.
    model_axis: devices of the mesh's axis `model`; as few as will do.
    method: by which the step changes the weights.
    optimizer: its kind, as of `config.Optimizer`.

  Raises:
    InputError: sizes that do not divide over the devices.
  """
  mesh, bound = (
    _mesh(model, batch_size // micro_batches, model_axis),
    methods.of(method, model),
  )
  state, frozen = shapes.state_and_frozen(bound, optimizer)
  lies, beside = (
    sharding.shardings(tree, mesh, bound.rules) for tree in (state, frozen)
  )
  return Programs(
    method=bound,
    train=_compile_step(bound, mesh, batch_size, micro_batches, optimizer),
    losses=compile_losses(bound, mesh, (lies["params"], beside)),
    shapes=state,
    shardings=lies,
    frozen_shardings=beside,
    batch_sharding=sharding.batch_sharding(mesh),
  )


def compile_step(
  model: Model,
  *,
  batch_size: int,
  micro_batches: int = 1,
  method: config.Method = FULL,
  optimizer: str = "adamw",
) -> jax.stages.Compiled:
  """The train step alone, for all devices: nothing is allocated.

  Args:
    model, batch_size, micro_batches, method, optimizer: as of
      `compile_programs`.
  """
  mesh = _mesh(model, batch_size // micro_batches, None)
  bound = methods.of(method, model)
  return _compile_step(bound, mesh, batch_size, micro_batches, optimizer)


def _mesh(model: Model, rows: int, model_axis: int | None) -> jax.sharding.Mesh:
  devices = jax.device_count()
  axis = model_axis or sharding.model_axis(model, rows=rows, devices=devices)
  return sharding.make_mesh(axis)


def _compile_step(
  method: Method,
  mesh,
  batch_size: int,
  micro_batches: int,
  optimizer: str,
) -> jax.stages.Compiled:
  state, frozen = shapes.state_and_frozen(method, optimizer)
  lies, everywhere = (
    sharding.shardings(state, mesh, method.rules),
    sharding.replicated(mesh),
  )
  train = jax.jit(
    functools.partial(
      train_step,
      method=method,
      optimizer=optimizer,
      micro_batches=micro_batches,
    ),
    in_shardings=(
      lies,
      sharding.shardings(frozen, mesh, method.rules),
      sharding.batch_sharding(mesh),
      everywhere,
    ),
    # left free, Auto axes may give gradients and state another layout
    out_shardings=(lies, everywhere),
    donate_argnums=0,
  )
  batch = shapes.batch(
    method.model, batch_size, injected=method.config.reads_injected
  )
  with jax.set_mesh(mesh):
    return train.lower(state, frozen, batch, shapes.HYPERPARAMETERS).compile()


def compile_losses(method: Method, mesh, lies) -> jax.stages.Compiled:
  """`evaluate.block_losses` of what a method has trained.

  Args:
    method: merges what is trained with what is frozen.
    mesh: over its axis `data` lie the sequences.
    lies: shardings of both.
  """
  shares, everywhere = mesh.shape["data"], sharding.replicated(mesh)
  model = method.model

  def block_losses(params, frozen, chunks_ExL1, weights_ExL):
    return evaluate.block_losses(
      method.merge(params, frozen),
      chunks_ExL1,
      weights_ExL,
      model=model,
      shares=shares,
    )

  losses = jax.jit(
    block_losses,
    in_shardings=(*lies, everywhere, everywhere),
    out_shardings=everywhere,
  )
  block = shapes.block(model, evaluate.BLOCK * shares)
  with jax.set_mesh(mesh):
    return losses.lower(*method.shapes(), *block).compile()


def placed(method: Method, tree: Params) -> Params:
  """Where parameters lie on all devices, to be read; a run has its own mesh.

  Args:
    method: of them, or whose model they are.
    tree: of their shapes.
  """
  devices = jax.device_count()
  # no batch has to divide: as many rows as devices always do
  mesh = _mesh(method.model, devices, None)
  return sharding.shardings(tree, mesh, method.rules)
