"""The luck of the seed, by rows of one task."""

from matrix_studies import plant_study, runs_of_a_study
import numpy as np
import pytest

from forgetting.associations import load, noise
from forgetting.associations.matrix import build


@pytest.fixture
def planted():
  generator = np.random.default_rng(0)
  return np.abs(generator.normal(0.1, 0.05, (4, 30)))


def test_noise_is_that_of_the_seeds():
  generator = np.random.default_rng(0)
  task = generator.normal(0, 0.3, (12, 400))
  values = np.repeat(task, 3, axis=0) + generator.normal(0, 0.1, (36, 400))
  repeats = np.repeat([f"t{i}" for i in range(12)], 3)
  found = noise.measure(build(values, repeats=repeats))
  assert found.tasks == 12
  assert found.variance == pytest.approx(0.01, rel=0.05)
  assert found.share == pytest.approx(0.1, rel=0.05)
  assert found.correlation == pytest.approx(0.9, rel=0.02)


def test_noise_of_a_study_pairs_its_seeds(tmp_path):
  runs = runs_of_a_study()
  values = np.zeros((4, 30))
  values[[1, 3]] = 0.2  # the second seed of both domains
  found = noise.measure(load.load(plant_study(tmp_path, runs, values)))
  assert found.tasks == 2
  assert found.variance == pytest.approx(0.02, rel=1e-4)


def test_noise_is_unknown_without_repeats(planted):
  assert noise.measure(build(planted)) is None
