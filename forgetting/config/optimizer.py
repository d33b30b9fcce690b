"""The optimizer of a run."""

import dataclasses

from forgetting.config.checks import as_floats, check, check_positive


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer:
  """AdamW, clipped by global norm, warm-up then cosine."""

  peak_lr: float
  warmup_steps: int = 10
  final_lr_fraction: float = 0.1  # of the peak, reached at the last step
  b1: float = 0.9
  b2: float = 0.95
  weight_decay: float = 0.1  # on matrices only
  clip_norm: float = 1.0

  def __post_init__(self):
    as_floats(self)
    check_positive(self, "peak_lr", "clip_norm")
    check(
      self.warmup_steps >= 0,
      "Optimizer.warmup_steps",
      self.warmup_steps,
      "0 or more",
    )
    for field in ("final_lr_fraction", "b1", "b2"):
      value = getattr(self, field)
      check(0 <= value <= 1, f"Optimizer.{field}", value, "within [0, 1]")
