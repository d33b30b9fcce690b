"""The mesh, and one table: parameter path -> PartitionSpec.

What T5X and Flax call pjit is jax.jit with these shardings.
"""

import re

import jax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from forgetting import config
from forgetting.config import InputError

# First match wins and there is no catch-all: an unmatched leaf is an error, so
# a renamed layer cannot become replicated unnoticed. Adam's moments carry the
# paths of their parameters and inherit their rows.
RULES = (
  (r"embedding$", P("model", "data")),  # V D
  (r"qkv/kernel$", P(None, "data", None, "model", None)),  # N D 3 H K
  (r"out/kernel$", P(None, "model", None, "data")),  # N H K D
  (r"up/kernel$", P(None, "data", "model")),  # N D F
  (r"down/kernel$", P(None, "model", "data")),  # N F D
  (r"(norm/scale|count|step)$", P()),
)


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


def model_axis(model: config.Model, *, rows: int, devices: int) -> int:
  """The fewest devices on the axis `model` for which all sizes divide.

  Where it runs, not what it computes: no part of a run's config.

  Args:
    rows: sequences that are computed at once.

  Raises:
    InputError: no number divides.
  """
  for size in range(1, devices + 1):
    if devices % size == 0 and not _indivisible(
      model, rows=rows, data=devices // size, model_axis=size
    ):
      return size
  field, value, count = _indivisible(
    model, rows=rows, data=devices, model_axis=1
  )
  raise InputError(
    f"{field}: found {value}, expected a multiple of the {count} devices, or"
    " of as many as their number less those that share heads and vocabulary"
  )


def _indivisible(model: config.Model, *, rows: int, data: int, model_axis: int):
  """The first size that does not divide: its name, it, over how many."""
  sizes = (
    ("batch_size", rows, data),
    ("width", model.width, data),
    ("heads", model.heads, model_axis),
    ("vocab_size", model.padded_vocab_size, model_axis),
  )
  return next((size for size in sizes if size[1] % size[2]), None)


def spec_of(path: str) -> P:
  for pattern, spec in RULES:
    if re.search(pattern, path):
      return spec
  raise ValueError(f"{path}: no rule of sharding.RULES matches this parameter")


def shardings(tree, mesh: Mesh):
  """NamedShardings of a tree of arrays or shapes, by its leaves' paths."""

  def leaf(path, _):
    name = jax.tree_util.keystr(path, simple=True, separator="/")
    return NamedSharding(mesh, spec_of(name))

  return jax.tree_util.tree_map_with_path(leaf, tree)


def batch_sharding(mesh: Mesh) -> NamedSharding:
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


def place(tree, where):
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
  return NamedSharding(mesh, P())
