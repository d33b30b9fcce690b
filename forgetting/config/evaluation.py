"""What of a run is measured, and when."""

import dataclasses

from forgetting.config.checks import check, check_positive


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
  """Which fixed validation sequences are measured, and when.

  The curve uses the first `curve_*` sequences of each full set; the full sets
  are measured at base and at best and give the run's result.
  """

  points: int = 16  # evaluations after step 0, geometrically spaced
  patience: int = 4  # evaluations without a lower target loss before stopping
  curve_pretrain: int = 16
  curve_target: int = 48
  full_pretrain: int = 256
  full_target: int = 128

  def __post_init__(self):
    check_positive(self, *(f.name for f in dataclasses.fields(self)))
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
    """
    ratio = 20 ** (1 / (self.points - 1)) if self.points > 1 else 1
    steps = {round(total / ratio**i) for i in range(self.points)}
    return tuple(sorted({0} | {max(1, step) for step in steps}))
