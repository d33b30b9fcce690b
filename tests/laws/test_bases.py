"""The loss before fine-tuning of sizes that were and were not run."""

import numpy as np
import pytest

from forgetting.laws import bases

KNOWN = [(1e4, 3.0), (1e6, 2.0)]


def test_a_size_that_was_run_is_as_measured():
  assert bases.loss_at(KNOWN, 1e4) == pytest.approx(3)


def test_others_lie_on_the_line_through_the_logs():
  assert bases.loss_at(KNOWN, 1e5) == pytest.approx(np.sqrt(6))
  assert bases.loss_at(KNOWN, 1e8) == pytest.approx(2 * 2 / 3)
  assert bases.loss_at(KNOWN[:1], 1e8) == pytest.approx(3)


def test_runs_of_a_size_give_their_mean():
  values = {"N": np.array([1e4, 1e4, 1e6]), "L0": np.array([3.0, 3.2, 2.0])}
  assert bases.of_values(values) == [(1e4, 3.1), (1e6, 2.0)]
  assert bases.of_values({"N": values["N"]}) == []
