"""Freezing: parts of the model stay as they are and the rest is trained."""

from flax.traverse_util import flatten_dict, unflatten_dict
import jax.numpy as jnp

from forgetting.config import InputError
from forgetting.training import models
from forgetting.training.methods.method import Method, Text
from forgetting.training.models.family import Params, kind_of


class Freeze(Method):
  """Trains all but some parts, or all but the first layers.

  Arrays of the layers are stacked: of one that is partly frozen either tree
  has its own layers.
  """

  def check(self) -> None:
    """Refuses parts that the model does not have, and to freeze all."""
    paths = flatten_dict(models.shapes(self.model), sep="/")
    parts = {kind_of(path, self.family.KINDS).part for path in paths}
    for part in self.config.parts:
      if part not in parts:
        raise InputError(
          f"Freeze.parts: found {part!r}, expected parts of the model:"
          f" {', '.join(sorted(parts))}"
        )
    if self.config.layers > self.model.layers:
      raise InputError(
        f"Freeze.layers: found {self.config.layers}, expected at most the"
        f" {self.model.layers} of the model"
      )
    if all(self._frozen_layers(path) is None for path in paths):
      raise InputError(
        f"Freeze: found {self.config.word}, expected something left to train"
      )

  def _frozen_layers(self, path: str) -> int | None:
    """Rows of a path's array that are frozen; None: all of it."""
    kind = kind_of(path, self.family.KINDS)
    layers = self.config.layers if kind.layered else 0
    whole = kind.part in self.config.parts or layers == self.model.layers
    return None if whole else layers

  def trained(self, params: Params, *, seed: int = 0) -> Params:
    """What is not frozen."""
    del seed
    return self._chosen(params, lambda x, rows: x[rows:] if rows else x)

  def frozen(self, params: Params, *, text: Text | None = None) -> Params:
    """The rest of base."""
    del text
    whole = {
      path: x
      for path, x in flatten_dict(params, sep="/").items()
      if self._frozen_layers(path) is None
    }
    first = self._chosen(params, lambda x, rows: x[:rows] if rows else None)
    kept = {
      path: x
      for path, x in flatten_dict(first, sep="/").items()
      if x is not None
    }
    return unflatten_dict(whole | kept, sep="/")

  def _chosen(self, params: Params, take) -> Params:
    """Of what is not frozen whole, what `take` gives of array and rows."""
    out = {}
    for path, x in flatten_dict(params, sep="/").items():
      rows = self._frozen_layers(path)
      if rows is not None:
        out[path] = take(x, rows)
    return unflatten_dict(out, sep="/")

  def merge(self, trained: Params, frozen: Params) -> Params:
    """Both, the layers of one array one after the other."""
    first, last = (flatten_dict(x, sep="/") for x in (frozen, trained))
    both = {
      path: jnp.concatenate([first[path], last[path]])
      for path in first.keys() & last.keys()
    }
    return unflatten_dict(first | last | both, sep="/")
