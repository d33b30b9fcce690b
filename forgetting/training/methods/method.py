"""What a method of fine-tuning decides; a file of this folder decides it.

A run keeps two trees: the parameters that it trains and, beside them, what it
keeps of its base and leaves alone. The step, the fleet, sharding, saves and
resume handle both and know no method by name.
"""

from collections.abc import Callable
import dataclasses
from typing import Any

import jax
import numpy as np

from forgetting.config import Model
from forgetting.training import losses, models
from forgetting.training.models.family import (
  Family,
  Kind,
  Params,
  Rules,
  kind_of,
)

# a number of sequences -> chunks [n, L+1] and weights [n, L] of the text that
# the parent was trained on
Text = Callable[[int], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Method:
  """How a fine-tuning changes the weights; by itself it trains all of them.

  A method is a subclass that says otherwise in some of these functions.

  Attributes:
    config: of the run; what is traced of it is not looked at here.
    model: whose weights they are.
  """

  config: Any  # of `config.Method`, the class that the subclass is of
  model: Model

  def __post_init__(self):
    self.check()

  def check(self) -> None:
    """Refuses what the model cannot do, before anything is compiled.

    Raises:
      InputError: the method names parts that the model does not have.
    """

  @property
  def family(self) -> Family:
    """Of the model: what knows its parameters."""
    return models.of(self.model)

  def shapes(self) -> tuple[Params, Params]:
    """Of what is trained and of what is frozen, without making any."""
    params = models.shapes(self.model)
    return jax.eval_shape(lambda p: (self.trained(p), self.frozen(p)), params)

  def sizes(self) -> tuple[int, int]:
    """Bytes of what is trained and of what is frozen."""
    trained, frozen = self.shapes()
    return tuple(
      sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(tree))
      for tree in (trained, frozen)
    )

  def trained(self, params: Params, *, seed: int = 0) -> Params:
    """What is trained, as it is at the start.

    Args:
      params: of the model that the run starts from.
      seed: of the run, for what starts at random.
    """
    del seed  # nothing does
    return params

  def frozen(self, params: Params, *, text: Text | None = None) -> Params:
    """What is kept beside it, the same for all runs from one parent.

    Args:
      params: of the model that the runs start from.
      text: of the parent, to measure on; None where shapes alone are asked for.
    """
    del params, text
    return {}

  def merge(self, trained: Params, frozen: Params) -> Params:
    """What the model's family reads: both as one tree."""
    del frozen
    return trained

  def merged(self, trained: Params, frozen: Params) -> Params:
    """Plain parameters of the model that both make together."""
    return self.merge(trained, frozen)

  def objective(
    self,
    trained: Params,
    frozen: Params,
    batch: dict[str, jax.Array],
    *,
    strength: jax.Array,
    devices: float | None,
  ) -> jax.Array:
    """What a step makes smaller, summed over a batch or a part of one.

    Args:
      batch: tokens_BxL, targets_BxL, weights_BxL; injected_B where it is read.
      strength: of the penalty, traced.
      devices: that share the batch; None: all.

    Returns:
      a float32 scalar, nats: the step divides it by the sum of the weights.
    """
    del strength  # no penalty
    params = self.merge(trained, frozen)
    return losses.weighted_sum(params, batch, model=self.model, devices=devices)

  def kind_of(self, path: str) -> Kind:
    """What is trained under a path, for an optimizer of matrices."""
    return kind_of(path, self.family.KINDS)

  @property
  def rules(self) -> Rules:
    """Where all arrays of both trees lie, by their paths."""
    return self.family.RULES

  def is_decayed(self, path: str) -> bool:
    """Whether weight decay acts on what is trained under that path."""
    return self.family.is_decayed(path)
