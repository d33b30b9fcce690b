"""What is scored, and which method binary rows ask for."""

import numpy as np
import pytest

from forgetting.associations.baselines import Additive, Frequency
from forgetting.associations.scoring import Truth


def binary(rows=16, columns=80):
  generator = np.random.default_rng(0)
  often = generator.beta(0.3, 1.0, columns)
  return (generator.random((rows, columns)) < often).astype(float)


def test_rows_of_numbers_are_not_asked_for_a_frequency():
  z = np.random.default_rng(0).normal(size=(6, 30))
  truth = Truth(False, z[:4], z[4:], 5)
  assert truth.default(Additive(), Frequency()) == "additive"


def test_binary_rows_take_the_one_with_the_higher_f1():
  z = binary()
  truth = Truth(True, z[:12], z[12:], 5)
  assert truth.default(Additive(), Frequency()) == "frequency"
  z[:] = np.arange(16)[:, None] % 2  # a task's own rate is all there is
  truth = Truth(True, z[:12], z[12:], 5)
  assert truth.default(Additive(), Frequency()) == "additive"


def test_scores_are_those_of_each_draw():
  z = binary()
  truth = Truth(True, z[:12], z[12:], 5)
  method = Frequency()
  drawn = [np.arange(5), np.arange(5, 10)]
  first, second = truth.scores(method, method.fit(z[:12]), drawn)
  assert first["f1"] > 0.4 and first["auc"] > 0.7
  assert first["rmse_x100"] != pytest.approx(second["rmse_x100"])
