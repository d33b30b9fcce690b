"""The optimizer of a run."""

import dataclasses
from typing import Literal

from forgetting.config.canonical import LATER
from forgetting.config.checks import Config, check
from forgetting.config.ranges import (
  Decay,
  Fraction,
  NotNegative,
  Part,
  Positive,
  Whole,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer(Config):
  """AdamW, clipped by global norm, warm-up then cosine; or Muon, or others.

  Attributes:
    peak_lr: highest learning rate, reached after the warm-up.
    warmup_steps: steps of the linear rise to it.
    final_lr_fraction: of the peak, reached at the last step.
    b1, b2: decay of Adam's first and of its second moment, a step.
    weight_decay: of matrices only.
    clip_norm: largest norm of the gradient of all parameters together.
    kind: "adamw"; or "muon": the matrices of the layers by Muon, with b1 for
      its momentum, scaled to AdamW's size of a step (Jordan et al. 2024; Liu et
      al. 2025, arXiv 2502.16982), the rest by AdamW.
    matrix_ratio: learning rate of Muon's matrices, their decay with it, as a
      multiple of that of the rest, which is `peak_lr` at its highest.
    schedule: after the warm-up: "cosine", to the last step; "constant"; "wsd",
      constant and then linear over the last steps (warm-up, stable, decay).
    decay_part: of the steps, that a wsd schedule falls in.
  """

  peak_lr: Positive
  warmup_steps: Whole = 10
  final_lr_fraction: Fraction = 0.1
  b1: Decay = 0.9
  b2: Decay = 0.95
  weight_decay: NotNegative = 0.1
  clip_norm: Positive = 1.0
  kind: Literal["adamw", "muon"] = dataclasses.field(
    default="adamw", metadata=LATER
  )
  matrix_ratio: Positive = dataclasses.field(default=1.0, metadata=LATER)
  schedule: Literal["cosine", "constant", "wsd"] = dataclasses.field(
    default="cosine", metadata=LATER
  )
  decay_part: Part = dataclasses.field(default=0.2, metadata=LATER)

  def _check(self) -> None:
    check(
      self.schedule == "wsd" or self.decay_part == 0.2,
      "Optimizer.decay_part",
      self.decay_part,
      "none with another schedule than wsd: leave it out",
    )
    check(
      self.kind == "muon" or self.matrix_ratio == 1,
      "Optimizer.matrix_ratio",
      self.matrix_ratio,
      "none with another kind than muon: leave it out",
    )

  @property
  def word(self) -> str:
    """Kind, schedule and ratio, for tables: adamw-cosine, muon-cosine-x10."""
    ratio = "" if self.matrix_ratio == 1 else f"-x{self.matrix_ratio:g}"
    return f"{self.kind}-{self.schedule}{ratio}"

  def decay_start(self, steps: int) -> float:
    """Step from which on the learning rate falls linearly; -1: it never does.

    Args:
      steps: of the run.
    """
    part = {"cosine": None, "constant": 0.0, "wsd": self.decay_part}
    found = part[self.schedule]
    return -1 if found is None else steps * (1 - found)
