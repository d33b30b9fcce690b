"""The mesh, and where arrays lie on it: by their paths, after a table of rules.

What T5X and Flax call pjit is jax.jit with these shardings. Each family of
models has rules for its own parameters.
"""

import re

import jax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from forgetting.config import InputError, Model
from forgetting.config.model import indivisible
from forgetting.training.models.family import Rules, name_of

# What a state has beside parameters, on every device whole.
COUNTERS = ((r"(count|step|ns_coeffs)$", P()),)


def make_mesh(model: int = 1) -> Mesh:
  """All devices; the batch lies over `data`, heads and hidden over `model`.

  Every matrix lies over both axes: no device holds a whole one.

  Args:
    model: devices of the axis `model`; `data` has the rest.
  """
  # make_mesh's default, Explicit axes, refuses Linen's plain contractions
  return jax.make_mesh(
    (jax.device_count() // model, model),
    ("data", "model"),
    axis_types=(AxisType.Auto,) * 2,
  )


def model_axis(model: Model, *, rows: int, devices: int) -> int:
  """The fewest devices on the axis `model` for which all sizes divide.

  Where it runs, not what it computes: no part of a run's config.

  Args:
    rows: sequences that are computed at once.
    devices: of the mesh.

  Raises:
    InputError: no number divides.
  """
  for size in range(1, devices + 1):
    if devices % size == 0 and not indivisible(
      model.architecture, rows=rows, data=devices // size, model=size
    ):
      return size
  found = indivisible(model.architecture, rows=rows, data=devices, model=1)
  assert found is not None, "1 would have been returned"
  field, value, count = found
  raise InputError(
    f"{field}: found {value}, expected a multiple of the {count} devices, or"
    " of as many as their number less those that share heads and vocabulary"
  )


def spec_of(path: str, rules: Rules) -> P:
  """Where the array of a path lies.

  The first match counts and there is no catch-all, so that a renamed layer
  cannot become replicated unnoticed. Adam's moments carry the paths of their
  parameters and inherit their rows.

  Raises:
    ValueError: no rule matches.
  """
  for pattern, spec in (*rules, *COUNTERS):
    if re.search(pattern, path):
      return spec
  raise ValueError(f"{path}: no rule of the model's family matches it")


def shardings(tree, mesh: Mesh, rules: Rules):
  """Where a tree lies.

  Args:
    tree: of arrays or shapes: parameters, or a state.
    mesh: of the devices.
    rules: of the model's family.

  Returns:
    a NamedSharding for each leaf.
  """

  def leaf(path, _):
    return NamedSharding(mesh, spec_of(name_of(path), rules))

  return jax.tree_util.tree_map_with_path(leaf, tree)


def batch_sharding(mesh: Mesh) -> NamedSharding:
  """Of a batch: its rows lie over `data`."""
  return NamedSharding(mesh, P("data"))


def by_rows(x):
  """Activations [B, ...]: their rows lie over `data`, as the batch's do.

  Left free, XLA takes the embedding's layout for them: the width is split and
  every device has all rows, which takes three to ten times the memory. Where
  there is no such axis, as in a fleet's step, nothing is said.
  """
  if "data" not in jax.sharding.get_abstract_mesh().axis_names:
    return x
  return jax.lax.with_sharding_constraint(x, P("data"))


def to_devices(tree, where):
  """Host arrays, the same on every process, as arrays on the devices."""
  if jax.process_count() == 1:
    return jax.device_put(tree, where)
  return jax.tree.map(
    lambda x, sharding: jax.make_array_from_callback(
      np.shape(x), sharding, lambda index: np.asarray(x)[index]
    ),
    tree,
    where,
  )


def replicated(mesh: Mesh) -> NamedSharding:
  """Of what every device has whole."""
  return NamedSharding(mesh, P())
