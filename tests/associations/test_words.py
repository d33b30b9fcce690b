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


@pytest.mark.parametrize(("greedy", "told"), [(9.0, True), (0.1, False)])
def test_greedy_is_told_to_be_worse_only_where_it_is(trial, greedy, told):
  choices = trial.choices | {
    "greedy": trial.choices["greedy"] | {"rmse_x100_unchosen": greedy}
  }
  rows = protocol.Split(np.arange(18), np.arange(18, 24))
  said = words.trial_lines(
    dataclasses.replace(trial, choices=choices), rows, 20, 3, "random"
  )
  assert ("worse than random" in "\n".join(said)) == told
