"""KL: full fine-tuning that is held to what its base says."""

from forgetting.training import divergence
from forgetting.training.methods.method import Method, Text
from forgetting.training.models.family import Params


class KL(Method):
  """Adds strength x KL(base, now) on some tokens to the loss.

  On target tokens beside their cross-entropy, or on injected tokens in place
  of theirs. Base's logits are computed beside the model's.
  """

  def frozen(self, params: Params, *, text: Text | None = None) -> Params:
    """What says what base says."""
    del text
    return dict(start=params)

  def objective(self, trained, frozen, batch, *, strength, devices):
    """The cross-entropy and the divergence: see `Method.objective`."""
    weights_BxL = batch["weights_BxL"]
    injected_BxL = weights_BxL * batch["injected_B"][:, None]
    if self.config.where == "target":
      of_loss, of_divergence = weights_BxL, weights_BxL - injected_BxL
    else:
      of_loss, of_divergence = weights_BxL - injected_BxL, injected_BxL
    return divergence.weighted_sum(
      trained,
      frozen["start"],
      batch["tokens_BxL"],
      batch["targets_BxL"],
      loss_weights_BxL=of_loss,
      divergence_weights_BxL=strength * of_divergence,
      model=self.model,
      devices=devices,
    )
