import dataclasses

import planted_remedies
import pytest

from forgetting.laws import frontier, together


@pytest.fixture(scope="module")
def found():
  (one,) = frontier.frontiers(planted_remedies.curves(), progress=0.9)
  return one


def test_what_factors_multiply_adds_in_part(found):
  (pair,) = together.pairs(found)
  assert (pair.alone.arm, pair.injected.arm) == ("kl-target-1", "p 0.05")
  # 0.9 x 0.5 alone; beside injection 0.6 x 0.5 = 0.3 of them is left
  assert pair.share == pytest.approx(0.3 / 0.45)
  assert pair.verdict == "adds in part"


@pytest.mark.parametrize(
  ("both", "verdict"),
  [(0.15, "adds"), (0.6, "replaces"), (0.7, "replaces"), (0.3, "adds in part")],
)
def test_the_verdict_is_what_two_errors_tell(found, both, verdict):
  assert _judged(found, both, 0.01).verdict == verdict


def test_what_errors_cannot_tell_is_undecided(found):
  assert _judged(found, 0.4, 1.0).verdict == "undecided"
  assert _judged(found, 0.4, float("nan")).verdict == "undecided"


def _judged(found, forgetting, error):
  arms = tuple(
    dataclasses.replace(arm, forgetting=forgetting, error=error)
    if arm.remedy == "kl + injection"
    else arm
    for arm in found.arms
  )
  (pair,) = together.pairs(dataclasses.replace(found, arms=arms))
  return pair
