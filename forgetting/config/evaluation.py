"""What of a run is measured, and when."""

import dataclasses

from forgetting.config.checks import Config, check
from forgetting.config.ranges import Count


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation(Config):
  """Which fixed validation sequences are measured, and when.

  The curve uses the first `curve_*` sequences of each full set; the full sets
  are measured at base and at best and give the run's result.

  Attributes:
    points: evaluations after step 0, geometrically spaced.
    patience: evaluations without a lower target loss before stopping.
    curve_pretrain, curve_target: sequences that every point of the curve is
      measured on.
    full_pretrain, full_target: sequences that base and best are measured on.
  """

  points: Count = 16
  patience: Count = 4
  curve_pretrain: Count = 16
  curve_target: Count = 48
  full_pretrain: Count = 256
  full_target: Count = 128

  def _check(self) -> None:
    for kind in ("pretrain", "target"):
      curve, full = (getattr(self, f"{s}_{kind}") for s in ("curve", "full"))
      check(
        curve <= full,
        f"Evaluation.curve_{kind}",
        curve,
        f"at most full_{kind} = {full}",
      )

  def steps(self, total: int) -> tuple[int, ...]:
    """Steps at which both losses are measured: 0, then ever sparser, total.

    From a twentieth of the run on, each is the same factor after the one
    before: an early optimum is found as sharply as a late one.

    Args:
      total: steps of the run.
    """
    ratio = 20 ** (1 / (self.points - 1)) if self.points > 1 else 1
    steps = {round(total / ratio**i) for i in range(self.points)}
    return tuple(sorted({0} | {max(1, step) for step in steps}))
