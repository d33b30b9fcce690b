"""What a method of fine-tuning decides; a file of this folder decides it.

A run keeps two trees: the parameters that it trains and, beside them, those of
its base that it leaves alone. The step, the fleet, sharding, saves and resume
handle both and know no method by name.
"""

from typing import Protocol

import jax

from forgetting.config import Model
from forgetting.training.models.family import Params


class Method(Protocol):
  """How a fine-tuning changes the weights."""

  def split(self, params: Params) -> tuple[Params, Params]:
    """What is trained, at its start, and what of the base stays frozen.

    Args:
      params: of the model that the run starts from, or their shapes.
    """

  def merge(self, trained: Params, base: Params) -> Params:
    """The parameters of the model that both make together."""

  def objective(
    self,
    trained: Params,
    base: Params,
    batch: dict[str, jax.Array],
    *,
    model: Model,
    devices: float | None,
  ) -> jax.Array:
    """What a step makes smaller, summed over a batch.

    Args:
      batch: tokens_BxL, targets_BxL, weights_BxL.
      devices: that share the batch; None: all.

    Returns:
      a float32 scalar, nats: the step divides it by the sum of the weights.
    """
