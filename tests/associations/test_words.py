"""What people read of a trial."""

import dataclasses

import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import protocol, words
from forgetting.associations.matrix import build


@pytest.fixture(scope="module")
def trial():
  matrix = build(planted(24, 120))
  rows = protocol.split(matrix, test=range(18, 24))
  return protocol.run(matrix, rows, known=20, seeds=3)


@pytest.mark.parametrize(
  ("above", "deviation", "seeds", "told"),
  [
    (0.5, 0.1, 3, True),
    (-0.5, 0.1, 3, False),
    (0.1, 0.3, 3, False),  # within the noise of the seeds
    (0.5, 0.0, 1, False),  # one seed says nothing of noise
  ],
)
def test_greedy_is_told_to_be_worse_only_where_it_is(
  trial, above, deviation, seeds, told
):
  greedy = trial.choices["greedy"] | {
    "unchosen_above_random": above,
    "unchosen_above_random_sd": deviation,
  }
  choices = trial.choices | {"greedy": greedy}
  rows = protocol.Split(np.arange(18), np.arange(18, 24))
  said = words.trial_lines(
    dataclasses.replace(trial, choices=choices), rows, 20, seeds, "random"
  )
  assert ("worse than random" in "\n".join(said)) == told


def test_rules_are_paired_with_chance(trial):
  assert trial.choices["random"]["unchosen_above_random"] == 0
  greedy = trial.choices["greedy"]
  assert greedy["unchosen_above_random"] == pytest.approx(
    greedy["rmse_x100_unchosen"] - trial.choices["random"]["rmse_x100_unchosen"]
  )
