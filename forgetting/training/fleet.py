"""Many runs of one model shape trained as one program.

Each run has a slot on a leading axis, which lies over the mesh axis `run`;
nothing passes from slot to slot, and a run that has ended leaves its slot to
the next one. A small model alone keeps an accelerator waiting for its host;
many together do not.
"""

from collections.abc import Collection, Iterator, Mapping
import functools
import time
from typing import NamedTuple

import jax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from forgetting import config
from forgetting.config import Model
from forgetting.config.method import FULL
from forgetting.training import methods, models, programs, shapes, sharding
from forgetting.training.drift import Drift, compile_drift
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.step import train_step
from forgetting.training.stepping import StepAsked, StepDone


class Fleet:
  """Slots for runs: an `executor.Executor` of many of them.

  Attributes:
    method: by which the runs change the weights.
    losses, shapes, shardings: as of Programs. Losses are measured one run at a
      time, its sequences spread over the devices.
    slots: runs that train at a time, the same number on each device.
  """

  def __init__(
    self,
    model: Model,
    *,
    batch_size: int,
    micro_batches: int = 1,
    slots: int,
    method: config.Method = FULL,
    optimizer: str = "adamw",
  ):
    """Compiles the programs for this process's devices.

    Args:
      model, batch_size, micro_batches, method, optimizer: as of
        `compile_programs`, the same for all runs.
      slots: runs that train at a time.

    Raises:
      ValueError: the slots do not divide over the devices.
    """
    mesh = _mesh("run")
    if slots % mesh.size:
      raise ValueError(f"{slots} slots do not divide over {mesh.size} devices")
    self.slots, self.method = slots, methods.of(method, model)
    self._mesh = mesh
    self._runs = NamedSharding(mesh, P("run"))
    whole = self._whole = sharding.replicated(mesh)
    self.shapes, frozen = shapes.state_and_frozen(self.method, optimizer)
    self.shardings = jax.tree.map(lambda _: whole, self.shapes)
    self._frozen_shardings = jax.tree.map(lambda _: whole, frozen)
    self.losses = programs.compile_losses(
      self.method,
      _mesh("data"),
      (self.shardings["params"], self._frozen_shardings),
    )
    batch = shapes.batch(
      model, batch_size, injected=self.method.config.reads_injected
    )
    state, batches, hyperparameters = jax.tree.map(
      self._of_all, (self.shapes, batch, shapes.HYPERPARAMETERS)
    )
    step = functools.partial(
      train_step,
      method=self.method,
      optimizer=optimizer,
      micro_batches=micro_batches,
      devices=mesh.size / slots,
    )
    apart = jax.shard_map(
      # what is frozen is there once: the runs share it
      jax.vmap(step, in_axes=(0, None, 0, 0)),
      mesh=mesh,
      in_specs=(P("run"), P(), P("run"), P("run")),
      out_specs=P("run"),
      check_vma=False,  # nothing is the same on all devices
    )
    self._train = (
      jax.jit(apart, donate_argnums=0)
      .lower(state, frozen, batches, hyperparameters)
      .compile()
    )
    self._insert = jax.jit(_insert, donate_argnums=0)
    self._extract = jax.jit(_extract, out_shardings=whole)
    self._state = jax.tree.map(self._zeros, state)
    # a slot without a run is trained too, on these, and never looked at
    self._idle = jax.tree.map(lambda s: np.ones(s.shape, s.dtype), batch)
    none = Hyperparameters(*np.zeros(len(Hyperparameters._fields), np.float32))
    self._hyperparameters = [none] * slots
    self._stacked = None

  @property
  def device(self) -> str:
    """Kind and number of the devices that the programs run on."""
    devices = self._mesh.devices.flat
    return f"{len(devices)} x {devices[0].device_kind}"

  def init_state(self, params: Params) -> dict:
    """A state at step 0, on the host: zero moments around the parameters."""
    zeros = jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), self.shapes)
    return zeros | {"params": params}

  def to_devices(self, params: Params) -> Params:
    """Parameters as `losses` takes them."""
    return jax.device_put(params, self.shardings["params"])

  @functools.cached_property
  def drift(self) -> Drift:
    """What measures the way from base; compiled where it is first wanted."""
    lies = self.shardings["params"], self._frozen_shardings
    return compile_drift(self.method, _mesh("data"), lies)

  @property
  def of_model(self) -> tuple[Params, Params]:
    """Shapes of all parameters of the model, and where they lie when read."""
    found, whole = models.shapes(self.method.model), self._whole
    return found, jax.tree.map(lambda _: whole, found)

  def place(self, frozen: Params) -> Params:
    """What a method keeps beside the trained parameters, on the devices."""
    return jax.device_put(frozen, self._frozen_shardings)

  def spread(self, hyperparameters: Hyperparameters) -> Hyperparameters:
    """As they are: they go to the devices when a run takes its seat."""
    return hyperparameters

  def keep(self, params: Params) -> Params:
    """A copy on the host, which no step touches."""
    return jax.tree.map(lambda x: np.array(x, copy=True), params)

  def put(self, batch) -> dict[str, np.ndarray]:
    """As it is: all batches of a step go to the devices together."""
    return batch

  def step(self, asked: Mapping[int, StepAsked]) -> dict[int, StepDone]:
    """One training step of the runs in the slots given.

    Args:
      asked: slot -> what its run asks for; a state that is not yet in a slot
        is put there. All have the same frozen parameters.
    """
    start = time.perf_counter()
    frozen = _the_frozen(asked.values())
    for slot, step in asked.items():
      if not isinstance(step.state, Seated):
        self._seat(slot, step)
    batches = [
      asked[slot].batch if slot in asked else self._idle
      for slot in range(self.slots)
    ]
    batch = jax.tree.map(lambda *rows: np.stack(rows), *batches)
    self._state, metrics = self._train(
      self._state, frozen, jax.device_put(batch, self._runs), self._stacked
    )
    seconds = (time.perf_counter() - start) / len(asked)
    return {
      slot: StepDone(
        Seated(self, slot), [_Entry(m, slot) for m in metrics], seconds
      )
      for slot in asked
    }

  def part(self, slot: int, name: str):
    """A part of the state of the run in a slot."""
    return self._extract(self._state[name], slot)

  def _seat(self, slot: int, step: StepAsked) -> None:
    self._state = self._insert(self._state, dict(step.state), slot)
    self._hyperparameters[slot] = step.hyperparameters
    stacked = [np.stack(x) for x in zip(*self._hyperparameters, strict=True)]
    self._stacked = jax.device_put(Hyperparameters(*stacked), self._runs)

  def _of_all(self, one: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    shape = (self.slots, *one.shape)
    return jax.ShapeDtypeStruct(shape, one.dtype, sharding=self._runs)

  def _zeros(self, all_slots: jax.ShapeDtypeStruct):
    zeros = np.zeros(all_slots.shape, all_slots.dtype)
    return jax.device_put(zeros, self._runs)


class Seated(Mapping):
  """The state of the run in a slot, as it is when it is asked for."""

  def __init__(self, fleet: Fleet, slot: int):
    self._fleet = fleet
    self._slot = slot

  def __getitem__(self, name: str):
    return self._fleet.part(self._slot, name)

  def __iter__(self) -> Iterator[str]:
    return iter(self._fleet.shapes)

  def __len__(self) -> int:
    return len(self._fleet.shapes)


class _Entry(NamedTuple):
  """One slot's number of an array; who reads it waits for the devices."""

  array: jax.Array
  slot: int

  def __array__(self, dtype=None, copy=None) -> np.ndarray:
    return np.asarray(self.array)[self.slot, ...]


def _the_frozen(asked: Collection[StepAsked]) -> Params:
  """What the runs' method leaves alone: the same arrays for all of them."""
  trees = {tuple(map(id, jax.tree.leaves(step.frozen))) for step in asked}
  if len(trees) > 1:
    raise ValueError(f"{len(trees)} bases: the runs of a fleet share one")
  return next(iter(asked)).frozen


def _mesh(axis: str) -> Mesh:
  devices = jax.local_devices()
  return jax.make_mesh(
    (len(devices),), (axis,), axis_types=(AxisType.Auto,), devices=devices
  )


def _insert(state, one, slot):
  def leaf(all_slots, x):
    # by a mask: every device looks at its own slots only
    here = np.arange(len(all_slots)).reshape(-1, *[1] * x.ndim) == slot
    return jax.numpy.where(here, x, all_slots)

  return jax.tree.map(leaf, state, one)


def _extract(state, slot):
  return jax.tree.map(
    lambda x: jax.lax.dynamic_index_in_dim(x, slot, keepdims=False), state
  )
