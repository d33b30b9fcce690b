"""Whether a remedy adds to injection, or replaces it."""

from __future__ import annotations

import dataclasses
import math

from forgetting.laws.frontier import Arm, Frontier

CLEAR = 2.0  # standard errors


@dataclasses.dataclass(frozen=True)
class Together:
  """A remedy alone, injection alone, and both, at one target loss.

  Attributes:
    alone, injected, both: of the same strengths.
    share: of what the remedy removes alone, the part that it still removes
      beside injection: 1, it adds to it; 0, either replaces the other.
    error: its standard error; NaN where a part of it has none.
    verdict: "adds", "replaces", "adds in part", or "undecided".
  """

  alone: Arm
  injected: Arm
  both: Arm
  share: float
  error: float
  verdict: str


def pairs(found: Frontier) -> list[Together]:
  """Judges what was tried both alone and together with injection.

  Args:
    found: a cell's frontier.

  Returns:
    of each remedy the pair that forgets least; all three at the matched target
    loss.
  """
  by_name = {arm.arm: arm for arm in found.arms if arm.reached}
  out: dict[str, Together] = {}
  for both in found.arms:
    first, _, second = both.arm.rpartition(", ")
    alone, injected = by_name.get(first), by_name.get(second)
    if not (both.reached and alone and injected):
      continue
    known = out.get(both.remedy)
    if known is None or both.forgetting < known.both.forgetting:
      out[both.remedy] = _judged(alone, injected, both)
  return list(out.values())


def _judged(alone: Arm, injected: Arm, both: Arm) -> Together:
  more = injected.forgetting - both.forgetting
  error = math.hypot(injected.error, both.error)
  share, share_error = math.nan, math.nan
  if alone.removed > 0:
    share = more / alone.removed
    share_error = math.hypot(
      error / alone.removed, share * alone.removed_error / alone.removed
    )
  return Together(
    alone, injected, both, share, share_error, _verdict(share, share_error)
  )


def _verdict(share: float, error: float) -> str:
  """What lies within two standard errors: 0, 1, neither, or both."""
  if not (math.isfinite(share) and math.isfinite(error)):
    return "undecided"
  nothing, whole = abs(share) <= CLEAR * error, abs(share - 1) <= CLEAR * error
  if nothing or share < 0:
    return "undecided" if whole else "replaces"
  return "adds" if whole or share > 1 else "adds in part"
