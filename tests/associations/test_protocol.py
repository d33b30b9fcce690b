"""Splits, metrics and the trial as a whole."""

import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import protocol
from forgetting.associations.matrix import build
from forgetting.config import InputError


@pytest.fixture(scope="module")
def trial():
  matrix = build(planted(24, 120))
  rows = protocol.split(matrix, test=range(18, 24))
  return protocol.run(matrix, rows, known=20, seeds=3)


def test_splits_are_what_was_asked_for():
  matrix = build(np.random.default_rng(0).normal(size=(6, 9)))
  rows = protocol.split(matrix, train=(4, 0), test=(5,))
  assert rows.train.tolist() == [4, 0] and rows.test.tolist() == [5]
  rows = protocol.split(matrix, test=(1, 2))
  assert rows.train.tolist() == [0, 3, 4, 5]
  rows = protocol.split(matrix, train=(0, 1, 2))
  assert rows.test.tolist() == [3, 4, 5]


def test_repeats_and_domains_are_never_split():
  values = np.random.default_rng(0).normal(size=(20, 9))
  seeds = [f"t{i // 2}" for i in range(20)]
  rows = protocol.split(build(values, repeats=seeds))
  assert len(rows.test) == 4
  assert not {r // 2 for r in rows.test} & {r // 2 for r in rows.train}
  domains = [f"d{i // 4}/{i}" for i in range(20)]
  rows = protocol.split(build(values, tasks=domains))
  assert len(rows.test) == 4 and len({r // 4 for r in rows.test}) == 1


@pytest.mark.parametrize(
  ("rows", "told"),
  [
    ({"train": (0, 9)}, "row 9: expected 0 to 5"),
    ({"test": (-1,)}, "row -1"),
    ({"train": (0, 1), "test": (1,)}, "row 1 is in the train rows and"),
    ({"test": range(6)}, "0 to train on and 6 to test"),
  ],
)
def test_bad_splits_are_told(rows, told):
  matrix = build(np.random.default_rng(0).normal(size=(6, 9)))
  with pytest.raises(InputError, match=told):
    protocol.split(matrix, **rows)


def test_one_task_cannot_be_split():
  with pytest.raises(InputError, match="found 1 tasks"):
    protocol.split(build(np.ones((1, 9))))


@pytest.mark.parametrize(
  ("options", "told"),
  [
    ({"known": 9}, "known: found 9, expected 1 to 8"),
    ({"known": 0}, "known: found 0"),
    ({"known": 3, "seeds": 0}, "seeds: found 0"),
    ({"known": 3, "choose": "best"}, "choose: found 'best'"),
  ],
)
def test_bad_trials_are_told(options, told):
  matrix = build(np.random.default_rng(0).normal(size=(6, 9)))
  with pytest.raises(InputError, match=told):
    protocol.run(matrix, protocol.split(matrix), **options)


def test_every_method_and_rule_is_scored(trial):
  names = {"example_mean", "additive", "knn", "soft_impute", "kriging"}
  names |= {"kriging_t", protocol.DEFAULT}
  assert {*trial.prediction} == names and trial.default == protocol.DEFAULT
  assert {*trial.choices} == {"random", "variance", "greedy", "mixed"}
  for scores in trial.prediction.values():
    assert scores["rmse_x100"] > 0 and scores["rmse_x100_sd"] > 0
    assert "f1" not in scores
  for rule in ("variance", "greedy"):
    assert trial.choices[rule]["rmse_x100_sd"] == pytest.approx(0)


def test_the_default_wins_on_a_planted_matrix(trial):
  best = trial.prediction[protocol.DEFAULT]
  assert best["rmse_x100"] < 2.5
  assert best["above_default_x100"] == 0
  for name in ("example_mean", "additive", "knn"):
    assert trial.prediction[name]["rmse_x100"] > 2 * best["rmse_x100"]
    assert trial.prediction[name]["above_default_x100"] > 0
  assert trial.choices["random"]["rmse_x100"] == best["rmse_x100"]


def test_test_rows_have_no_say_in_what_is_chosen(trial):
  values = planted(24, 120)
  values[18:] = np.random.default_rng(1).normal(size=(6, 120))
  matrix = build(values)
  rows = protocol.split(matrix, test=range(18, 24))
  other = protocol.run(matrix, rows, known=20, seeds=3)
  assert other.tuned == trial.tuned and other.top == trial.top


def test_missing_cells_are_borne():
  values = planted(24, 120)
  holes = np.random.default_rng(0).random(values.shape) < 0.02
  values[holes] = np.nan
  matrix = build(values)
  rows = protocol.split(matrix, test=range(18, 24))
  found = protocol.run(matrix, rows, known=20, seeds=2)
  assert found.prediction[protocol.DEFAULT]["rmse_x100"] < 3.5
  assert np.isfinite(found.coverage)


def test_a_binary_matrix_is_scored_as_one():
  values = planted(30, 150, noise=0.02)
  matrix = build((values > np.quantile(values, 0.8)).astype(float))
  rows = protocol.split(matrix, test=range(24, 30))
  found = protocol.run(matrix, rows, known=30, seeds=2)
  default = found.prediction[found.default]
  frequency = found.prediction["frequency"]
  assert found.default == protocol.DEFAULT and np.isnan(found.coverage)
  assert 0.4 < frequency["f1"] < default["f1"] <= 1
  assert default["auc"] > 0.85


def test_one_row_and_one_seed_are_enough():
  matrix = build(planted(4, 40))
  rows = protocol.split(matrix, train=(0,), test=(1,))
  found = protocol.run(matrix, rows, known=5, seeds=1)
  for scores in found.prediction.values():
    assert np.isfinite(scores["rmse_x100"]) and scores["rmse_x100_sd"] == 0


def test_frequency_is_the_default_where_tasks_differ_by_luck():
  """Binary rows that share nothing but how often an example is forgotten."""
  generator = np.random.default_rng(0)
  often = generator.beta(0.3, 1.0, 300)
  matrix = build((generator.random((30, 300)) < often).astype(float))
  rows = protocol.split(matrix, test=range(24, 30))
  found = protocol.run(matrix, rows, known=20, seeds=2)
  assert found.default == "frequency"
  scores = found.prediction
  assert scores["frequency"]["f1"] >= scores[protocol.DEFAULT]["f1"] - 0.01
  assert scores["frequency"]["above_default_x100"] == 0


def test_a_row_unlike_all_others_is_told(trial):
  assert not trial.far
  values = planted(24, 120)
  values[20] = np.random.default_rng(1).normal(0, 1, 120)
  matrix = build(values)
  rows = protocol.split(matrix, test=range(18, 24))
  found = protocol.run(matrix, rows, known=20, seeds=1)
  assert found.far == ("task 20",)
