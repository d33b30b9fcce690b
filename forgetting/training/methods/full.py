"""Full fine-tuning, and pretraining: every parameter is trained."""

import dataclasses

import jax

from forgetting.config import Model
from forgetting.training import losses
from forgetting.training.models.family import Params


@dataclasses.dataclass(frozen=True)
class Full:
  """Trains all parameters on the cross-entropy alone; nothing is frozen."""

  def split(self, params: Params) -> tuple[Params, Params]:
    """All of them, and nothing."""
    return params, {}

  def merge(self, trained: Params, base: Params) -> Params:
    """What is trained is the model."""
    del base  # nothing
    return trained

  def objective(
    self,
    trained: Params,
    base: Params,
    batch: dict[str, jax.Array],
    *,
    model: Model,
    devices: float | None,
  ) -> jax.Array:
    """Sum of negative log-likelihood x weight, nats: see `Method.objective`."""
    params = self.merge(trained, base)
    return losses.weighted_sum(params, batch, model=model, devices=devices)


FULL = Full()
