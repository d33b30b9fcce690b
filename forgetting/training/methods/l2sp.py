"""L2-SP: full fine-tuning that is pulled back to its base."""

import jax
import jax.numpy as jnp

from forgetting.training.methods.method import Method, Text
from forgetting.training.models.family import Params


class L2SP(Method):
  """Adds strength / 2 x |weights - base|^2 to the loss of a token."""

  def frozen(self, params: Params, *, text: Text | None = None) -> Params:
    """Where it started."""
    del text
    return dict(start=params)

  def objective(self, trained, frozen, batch, *, strength, devices):
    """The cross-entropy and the penalty: see `Method.objective`.

    The step divides by the sum of the weights, of all parts of a batch
    together: with its own weights' sum each part brings its share.
    """
    loss = super().objective(
      trained, frozen, batch, strength=strength, devices=devices
    )
    penalty = 0.5 * strength * self.distance(trained, frozen)
    return loss + penalty * batch["weights_BxL"].sum()

  def distance(self, trained: Params, frozen: Params) -> jax.Array:
    """Squared distance of the weights to base, a float32 scalar."""
    squares = jax.tree.map(
      lambda x, start: jnp.square(x - start).sum(), trained, frozen["start"]
    )
    return sum(jax.tree.leaves(squares), start=jnp.zeros(()))
