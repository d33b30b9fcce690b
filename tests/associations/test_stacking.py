"""The blend: its weights, its intervals, what it calls far."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import baselines, kriging, stacking
from forgetting.associations.stacking import Stacked, clusters

PARTS = (baselines.Additive(), baselines.Knn(), kriging.KrigingT())


def families_of_shifted_tasks(families=6, each=5, columns=150):
  """Every family has a pattern of its own, seen in no other."""
  generator = np.random.default_rng(0)
  own = generator.normal(0, 0.1, (families, columns))
  values = np.repeat(own, each, axis=0) + generator.normal(0.2, 0.1, columns)
  values += generator.normal(0, 0.03, (families * each, 1))
  values += generator.normal(0, 0.02, values.shape)
  return values, np.repeat([f"f{i}" for i in range(families)], each)


def test_weights_are_a_mean_and_favour_what_is_right():
  train = planted(24, 120)
  found = Stacked(PARTS).tuned(train, known=20)
  assert sum(found.weights) == pytest.approx(1) and min(found.weights) >= 0
  assert found.weights[-1] > 0.8  # the planted rank is what kriging knows
  assert found.told()["weight_kriging_t"] == found.weights[-1]


def test_a_family_left_out_is_covered_at_least_as_promised():
  values, families = families_of_shifted_tasks()
  inside, before = [], []
  for family in np.unique(families):
    train, new = values[families != family], values[families == family]
    method = PARTS[-1].tuned(train, known=30)
    found = Stacked((*PARTS[:-1], method)).tuned(
      train, known=30, families=families[families != family]
    )
    fitted, known = found.fit(train), np.arange(30)
    error = np.abs(fitted.predict(known, new[:, known]) - new)[:, 30:]
    inside.append((error <= fitted.widths(known, new[:, known])[:, 30:]).mean())
    deviation = np.sqrt(fitted.kriging.variance(known, new[:, known])[:, 30:])
    before.append((error <= 1.6449 * deviation).mean())
  assert np.mean(inside) > 0.85 > np.mean(before)


def test_what_was_measured_has_no_width():
  train = planted(12, 60)
  known = np.arange(10)
  fitted = Stacked(PARTS).tuned(train, known=10).fit(train)
  widths = fitted.widths(known, train[:2, known])
  assert (widths[:, :10] == 0).all() and (widths[:, 10:] > 0).all()


def test_a_wild_row_is_far_and_a_trained_one_is_not():
  train = planted(24, 120)
  wild = np.random.default_rng(1).normal(0, 1, (1, 120))
  known = np.arange(20)
  fitted = Stacked(PARTS).tuned(train, known=20).fit(train)
  rows = np.concatenate([wild, train[:3]])
  assert fitted.far(known, rows[:, known]).tolist() == [True] + [False] * 3


def test_a_row_that_is_far_is_left_to_the_kriging():
  train = planted(24, 120)
  wild = np.random.default_rng(1).normal(0, 1, (1, 120))
  known = np.arange(20)
  found = Stacked(PARTS).tuned(train, known=20)
  found = dataclasses.replace(found, weights=(0.5, 0.25, 0.25))
  fitted = found.fit(train)
  values = np.concatenate([wild, train[:3]])[:, known]
  rows, parts = fitted.predict(known, values), fitted.by_part(known, values)
  np.testing.assert_allclose(rows[0], parts[-1, 0])
  blend = np.tensordot(found.weights, parts, axes=1)
  np.testing.assert_allclose(rows[1:], blend[1:])
  assert np.abs(rows[0] - blend[0]).max() > 0.01


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_are_left_to_the_kriging(rows):
  train = planted(rows, 40)
  found = Stacked(PARTS).tuned(train, known=5)
  assert found.weights == (0.0, 0.0, 1.0)
  known = np.arange(5)
  assert np.isfinite(found.fit(train).predict(known, train[:1, known])).all()


def test_two_families_say_nothing_and_half_of_the_tasks_neither():
  words = np.array(["a", "a", "b", "b"])
  assert not stacking._families(words)
  assert not stacking._families(np.array(["a", "a", "a", "b", "c"]))
  assert len(stacking._families(np.array(["a", "b", "c", "c"]))) == 3


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 30), st.integers(0, 5))
def test_clusters_hold_every_row_once_and_none_too_many(rows, seed):
  train = np.random.default_rng(seed).standard_t(1.5, (rows, 8))
  found = clusters(train)
  assert sorted(np.concatenate(found)) == list(range(rows))
  assert max(map(len, found)) <= max(rows // 2, 1)


def test_equal_rows_are_clusters_of_their_own():
  assert len(clusters(np.ones((5, 4)))) == 5
