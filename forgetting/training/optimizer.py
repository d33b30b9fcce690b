"""Schedule and Optax chain.

What differs between the runs of a grid (learning rate, warm-up, steps) is
traced, so that one program serves them all; Optax's own schedules take Python
numbers and would compile one a run.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from forgetting.config import Run
from forgetting.training.models.family import Family, name_of

Number = Any  # a float32 of numpy, a traced one, or the shape of one


class Hyperparameters(NamedTuple):
  """Of AdamW: numbers that enter the program as arguments."""

  peak_lr: Number
  final_lr: Number
  warmup_steps: Number
  steps: Number
  b1: Number
  b2: Number
  weight_decay: Number
  clip_norm: Number

  @classmethod
  def of(cls, run: Run) -> "Hyperparameters":
    """Those of a run, as float32."""
    o = run.optimizer
    values = dict(
      peak_lr=o.peak_lr,
      final_lr=o.peak_lr * o.final_lr_fraction,
      warmup_steps=min(o.warmup_steps, run.steps),
      steps=run.steps,
      b1=o.b1,
      b2=o.b2,
      weight_decay=o.weight_decay,
      clip_norm=o.clip_norm,
    )
    return cls(**{name: np.float32(value) for name, value in values.items()})

  def learning_rate(self, step):
    """Of a step: linear from 0 to the peak, then cosine to the final one.

    optax.warmup_cosine_decay_schedule, whose `decay_steps` is the total too.
    Works on numbers and on traced values.
    """
    xp = jnp if isinstance(step, jax.Array) else np
    warm = self.peak_lr * step / xp.maximum(self.warmup_steps, 1)
    length = xp.maximum(self.steps - self.warmup_steps, 1)
    done = xp.clip((step - self.warmup_steps) / length, 0, 1)
    cosine = 0.5 * (1 + xp.cos(np.pi * done))
    decayed = self.final_lr + (self.peak_lr - self.final_lr) * cosine
    return xp.where(step < self.warmup_steps, warm, decayed)


def make_optimizer(
  h: Hyperparameters, family: Family
) -> optax.GradientTransformation:
  """Clip, then AdamW's direction: the step multiplies by -learning rate.

  Args:
    h: numbers, or traced values.
    family: of the model: says which parameters are decayed.
  """

  def decayed(params):
    return jax.tree_util.tree_map_with_path(
      lambda path, _: family.is_decayed(name_of(path)), params
    )

  return optax.chain(
    optax.clip_by_global_norm(h.clip_norm),
    optax.scale_by_adam(b1=h.b1, b2=h.b2),
    optax.add_decayed_weights(h.weight_decay, mask=decayed),
  )
