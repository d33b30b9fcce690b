import math

import numpy as np
import pandas as pd
import planted_remedies
import pytest

from forgetting.config import InputError
from forgetting.laws import frontier, paths


@pytest.fixture(scope="module")
def found():
  (one,) = frontier.frontiers(
    planted_remedies.curves(), planted_remedies.blends(), progress=0.9
  )
  return one


def best(found, remedy: str) -> frontier.Arm:
  return next(arm for arm in found.best if arm.remedy == remedy)


def test_all_are_compared_at_the_target_loss_of_plain_fine_tuning(found):
  assert found.cell == ("kjv", 1000, 5000)
  assert found.target == pytest.approx(3.0 - 0.9)
  plain = found.best[0]
  assert (plain.remedy, plain.runs, plain.reached) == ("plain", 2, 2)
  assert plain.forgetting == pytest.approx(0.9)
  # two seeds: 0.9 x (1 -+ 0.02); the spread gives the error
  assert plain.error == pytest.approx(0.9 * 0.02)
  assert plain.work == pytest.approx(0.9 * 8000)


def test_each_remedy_stands_with_its_best_strength(found):
  lora = best(found, "lora")
  assert lora.arm == "lora-r4, lr 0.01"
  assert lora.forgetting == pytest.approx(0.9 * 0.6)
  assert lora.removed == pytest.approx(0.9 * 0.4)
  assert lora.error == pytest.approx(0.01)  # of one run: of its sequences
  assert lora.work == pytest.approx(0.9 * 8000 * 2 / 3)
  # injection leaves 1 / (1 + 10 p): 0.6 of it at p = 0.067, 0.5 at 0.1
  assert lora.worth == pytest.approx(0.0667, rel=0.1)
  assert lora.worth_low <= lora.worth <= lora.worth_high
  assert best(found, "kl").worth == pytest.approx(0.1, rel=0.1)


def test_what_does_not_learn_enough_is_told(found):
  slow = best(found, "lr")
  assert (slow.reached, slow.runs) == (0, 1) and math.isnan(slow.forgetting)


def test_averages_of_plain_runs_are_a_remedy(found):
  mean = best(found, "averaging")
  # between weights 0.9 and 0.9 it is on a point
  assert mean.forgetting == pytest.approx(0.81)
  assert mean.removed == pytest.approx(0.09)


def test_both_together_are_an_arm_of_their_own(found):
  both = best(found, "kl + injection")
  assert both.arm == "kl-target-1, p 0.05"
  assert both.forgetting == pytest.approx(0.9 * 0.5 / 1.5)
  assert both.worth == pytest.approx(0.2, rel=0.15)


def test_the_stop_one_error_early_is_told_at_its_own_target_loss(found):
  # the planted curve falls in a straight line and turns: no room to stop in
  assert found.stop.runs == 2
  assert found.stop.target == pytest.approx(planted_remedies.TURN)
  assert found.stop.forgetting == pytest.approx(1.0)
  assert found.stop.paid >= 0 and found.stop.removed >= 0


def test_each_size_has_its_own_usual_learning_rate():
  small, large = planted_remedies.curves(), planted_remedies.curves()
  large = large.assign(
    model_params=9000, peak_lr=large.peak_lr / 3, run="large-" + large.run
  )
  both = pd.concat([small, large], ignore_index=True)
  cells = frontier.frontiers(both, progress=0.9)
  assert [one.best[0].runs for one in cells] == [2, 2]


def test_the_hull_is_below_every_point(found):
  points = np.array([point[:2] for point in found.hull])
  assert (np.diff(points[:, 0]) > 0).all() and (np.diff(points[:, 1]) < 0).all()
  for of_cell in paths.paths_of(planted_remedies.curves()).values():
    for path in of_cell:
      inside = path.target >= points[0, 0]
      below = np.interp(path.target[inside], *points.T)
      assert (path.forgetting[inside] >= below - 1e-9).all()


def test_what_cannot_be_compared_is_one_line():
  curves = planted_remedies.curves()
  with pytest.raises(InputError, match="--progress: found 0, expected within"):
    frontier.frontiers(curves, progress=0)
  injected = curves[curves.injection > 0]
  with pytest.raises(InputError, match="found no plain fine-tuning"):
    frontier.frontiers(injected)
