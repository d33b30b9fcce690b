"""The mesh, and one table: parameter path -> PartitionSpec."""

import re

import jax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from forgetting.config import InputError

# First match wins and there is no catch-all: an unmatched leaf is an error, so
# a renamed layer cannot become replicated unnoticed. Adam's moments carry the
# paths of their parameters and inherit their rows.
RULES = (
  (r"embedding$", P(None, "data")),  # V D
  (r"qkv/kernel$", P(None, "data", None, None, None)),  # N D 3 H K
  (r"out/kernel$", P(None, None, None, "data")),  # N H K D
  (r"up/kernel$", P(None, "data", None)),  # N D F
  (r"down/kernel$", P(None, None, "data")),  # N F D
  (r"(norm/scale|count|step)$", P()),
)


def make_mesh() -> Mesh:
  """All devices on one axis, `data`: the batch and every matrix lie over it."""
  # make_mesh's default, Explicit axes, refuses Linen's plain contractions
  return jax.make_mesh(
    (jax.device_count(),), ("data",), axis_types=(AxisType.Auto,)
  )


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


def replicated(mesh: Mesh) -> NamedSharding:
  return NamedSharding(mesh, P())


def check(mesh: Mesh, *, batch_size: int, width: int) -> None:
  """Refuses sizes that do not divide over the devices."""
  devices = mesh.shape["data"]
  for field, size in (("batch_size", batch_size), ("width", width)):
    if size % devices:
      raise InputError(
        f"{field}: found {size}, expected a multiple of the {devices} devices"
      )
