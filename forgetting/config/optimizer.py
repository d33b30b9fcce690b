"""The optimizer of a run."""

import dataclasses

from forgetting.config.checks import Config
from forgetting.config.ranges import (
  Decay,
  Fraction,
  NotNegative,
  Positive,
  Whole,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer(Config):
  """AdamW, clipped by global norm, warm-up then cosine.

  Attributes:
    peak_lr: highest learning rate, reached after the warm-up.
    warmup_steps: steps of the linear rise to it.
    final_lr_fraction: of the peak, reached at the last step.
    b1, b2: decay of Adam's first and of its second moment, a step.
    weight_decay: of matrices only.
    clip_norm: largest norm of the gradient of all parameters together.
  """

  peak_lr: Positive
  warmup_steps: Whole = 10
  final_lr_fraction: Fraction = 0.1
  b1: Decay = 0.9
  b2: Decay = 0.95
  weight_decay: NotNegative = 0.1
  clip_norm: Positive = 1.0
