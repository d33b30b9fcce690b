"""The real matrix: numbers that are known. Skipped without the reference."""

import os
import pathlib

import numpy as np
import pytest

from forgetting.associations import load, protocol, similarity, structure
from forgetting.associations.factorisation import AuthorsFactorisation

FOLDER = os.environ.get("FORGETTING_REFERENCE_DATA", "")
FILE = pathlib.Path(FOLDER) / "olmo7b_lora_dolma_76x1000.npz"
pytestmark = pytest.mark.skipif(
  not FILE.is_file(), reason="FORGETTING_REFERENCE_DATA has no such matrix"
)
NEW = (6, 65, 18, 8, 60, 13, 37, 22, 30, 19)
NEW += (64, 50, 25, 31, 32, 61, 16, 5, 53, 49)
TRAINED = tuple(row for row in range(66) if row not in NEW)
TULU = tuple(range(66, 76))


@pytest.fixture(scope="module")
def matrix():
  return load.load(FILE)


def trial(matrix, test, *, choose="random"):
  rows = protocol.split(matrix, train=TRAINED, test=test)
  return protocol.run(matrix, rows, known=30, seeds=10, choose=choose)


@pytest.fixture(scope="module")
def in_domain(matrix):
  return trial(matrix, NEW)


@pytest.fixture(scope="module")
def out_of_domain(matrix):
  return trial(matrix, TULU)


def test_r2_of_every_description(matrix):
  found = structure.analyse(matrix)
  known = {
    "rank_1": (0.6852, 0.6560),
    "rank_2": (0.7829, 0.6897),
    "rank_3": (0.8208, 0.7214),
    "rank_5": (0.8589, 0.7382),
    "rank_10": (0.9075, 0.8052),
    "additive": (0.6147, None),
    "task_only": (0.2566, None),
    "example_only": (0.3581, None),
    "outer_means": (0.5964, None),
    "additive_rank_1": (0.7671, None),
    "additive_rank_3": (0.8290, None),
  }
  for name, (inside, held_out) in known.items():
    assert found.models[name].r2 == pytest.approx(inside, abs=6e-5), name
    if held_out is not None:
      held = found.models[name].r2_held_out
      assert held == pytest.approx(held_out, abs=6e-5), name
  np.testing.assert_allclose(
    found.singular_values[:5], (17.3951, 5.4138, 3.3693, 2.4760, 2.3062), 1e-4
  )


@pytest.mark.slow
def test_default_beats_what_was_asked_for(in_domain, out_of_domain):
  inside = in_domain.prediction[protocol.DEFAULT]
  outside = out_of_domain.prediction[protocol.DEFAULT]
  assert inside["rmse_x100"] <= 3.02
  assert outside["rmse_x100"] <= 4.3
  assert inside["spearman"] > 0.655


@pytest.mark.slow
def test_additive_is_what_it_is_known_to_be(in_domain, out_of_domain):
  for found, known in ((in_domain, 3.57), (out_of_domain, 4.71)):
    measured = found.prediction["additive"]["rmse_x100_unmeasured"]
    assert measured == pytest.approx(known, abs=0.03)


@pytest.mark.slow
def test_mixed_choice_beats_random_inside_and_out(in_domain, out_of_domain):
  assert in_domain.choices["mixed"]["rmse_x100"] <= 2.7
  assert out_of_domain.choices["mixed"]["rmse_x100"] <= 4.1
  # where nothing was measured it costs nothing
  for found in (in_domain, out_of_domain):
    mixed, random = (
      found.choices[how]["rmse_x100_unchosen"] for how in ("mixed", "random")
    )
    assert mixed < random + 0.05


@pytest.mark.slow
def test_greedy_choice_is_worse_where_nothing_is_measured(
  in_domain, out_of_domain
):
  for found in (in_domain, out_of_domain):
    greedy, random = (
      found.choices[how]["rmse_x100_unchosen"] for how in ("greedy", "random")
    )
    assert greedy > random + 0.1


@pytest.mark.slow
def test_coverage_is_near_what_it_says(in_domain, out_of_domain):
  assert 0.85 <= out_of_domain.coverage < 0.97
  assert 0.85 <= in_domain.coverage < 0.97


@pytest.mark.slow
def test_the_task_far_from_home_is_named(out_of_domain):
  assert out_of_domain.far == ("Tulu/lima",)


def test_rows_of_other_tasks_agree_as_known(matrix):
  pearson, spearman = similarity.between_tasks(matrix.values)
  assert pearson == pytest.approx(0.5764, abs=1e-4)
  assert spearman == pytest.approx(0.4139, abs=1e-4)


def test_frequency_of_the_binary_variant_is_known(matrix):
  """Forgotten where z > .1: frequency above one half, seed 0."""
  z = (matrix.values > 0.1).astype(float)
  known = np.random.default_rng(0).choice(1000, 30, replace=False)
  rest = np.delete(np.arange(1000), known)
  for test, f1, auc in ((NEW, 0.385, 0.830), (TULU, 0.182, 0.581)):
    truth = z[list(test)][:, rest].ravel()
    score = np.tile(z[list(TRAINED)].mean(0)[rest], len(test))
    found = protocol.metrics.binary_scores(truth, score, threshold=0.5)
    assert found["f1"] == pytest.approx(f1, abs=6e-4)
    assert found["auc"] == pytest.approx(auc, abs=6e-4)


@pytest.mark.slow  # of ten seeds: test_factorisation
def test_authors_factorisation_of_one_seed(matrix):
  """3.21 +- .09 over ten seeds: one is within three deviations."""
  train, truth = matrix.values[list(TRAINED)], matrix.values[list(NEW)]
  known = np.random.default_rng(0).choice(1000, 30, replace=False)
  fitted = AuthorsFactorisation().fit(train)
  rows = fitted.predict(known, truth[:, known])
  rows[:, known] = truth[:, known]
  error = 100 * np.sqrt(np.mean((rows - truth) ** 2))
  assert error == pytest.approx(3.21, abs=0.27)
