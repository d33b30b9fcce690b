"""Predicting rows whose answer is planted: every method, and the choices."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations.baselines import Additive, ExampleMean, Knn
from forgetting.associations.completion import (
  folds,
  predict_measured,
  predict_measured_each,
)
from forgetting.associations.kriging import Kriging, KrigingT
from forgetting.associations.soft_impute import SoftImpute

OWN = (ExampleMean(), Additive(), Knn(), SoftImpute(), Kriging(), KrigingT())


def ids(method):
  return method.name


def rmse(method, values, *, test=6, known=30, seed=0):
  train, truth = values[:-test], values[-test:]
  columns = np.random.default_rng(seed).choice(
    values.shape[1], known, replace=False
  )
  predicted = method.fit(train).predict(columns, truth[:, columns])
  return np.sqrt(np.mean((predicted - truth) ** 2))


@pytest.mark.parametrize("method", OWN, ids=ids)
def test_methods_find_an_additive_matrix(method):
  generator = np.random.default_rng(0)
  values = generator.normal(0.1, 0.1, (20, 1)) + generator.normal(size=150)
  values += 1e-3 * generator.normal(size=values.shape)
  limit = 0.2 if method.name in ("example_mean", "knn") else 3e-3
  assert rmse(method.tuned(values[:-6], known=30), values) < limit


@pytest.mark.parametrize("method", OWN, ids=ids)
def test_rows_are_predicted_alone(method):
  values = planted()
  fitted, known = method.fit(values[:-6]), np.arange(30)
  together = fitted.predict(known, values[-6:, known])
  alone = fitted.predict(known, values[-4:-3, known])
  np.testing.assert_allclose(together[2], alone[0])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(OWN))
def test_order_does_not_matter(seed, method):
  generator = np.random.default_rng(seed)
  train = generator.standard_t(4, (8, 40))
  own, known = generator.normal(size=(1, 12)), generator.permutation(40)[:12]
  columns, rows = generator.permutation(40), generator.permutation(8)
  measured = generator.permutation(12)
  before = method.fit(train).predict(known, own)[0]
  place = np.argsort(columns)[known]  # where the known columns have gone
  after = method.fit(train[rows][:, columns]).predict(
    place[measured], own[:, measured]
  )[0]
  np.testing.assert_allclose(after, before[columns], rtol=1e-6, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 100), st.floats(-5, 5), st.sampled_from(OWN))
def test_units_do_not_matter(scale, shift, method):
  """Forgetting in bits, or above another zero, is predicted the same."""
  values = planted(12, 60)
  known = np.arange(0, 60, 3)
  before = method.fit(values[:-1]).predict(known, values[-1:, known])
  moved = scale * values + shift
  after = method.fit(moved[:-1]).predict(known, moved[-1:, known])
  np.testing.assert_allclose(
    after, scale * before + shift, rtol=1e-6, atol=1e-6 * scale
  )


@pytest.mark.parametrize("method", OWN, ids=ids)
@pytest.mark.parametrize(
  "train",
  [
    np.full((1, 12), 0.1) + np.arange(12) / 100,
    np.full((5, 12), 0.2),
    np.zeros((5, 12)),
    np.arange(5.0)[:, None] + np.zeros(12),
    np.repeat(np.arange(12.0)[None], 2, axis=0),
  ],
  ids=["one row", "constant", "zeros", "constant rows", "equal rows"],
)
def test_degenerate_rows_give_finite_rows(method, train):
  tuned = method.tuned(train, known=4)
  fitted, known = tuned.fit(train), np.array([0, 3, 5, 7])
  predicted = fitted.predict(known, train[:1, known] + 0.1)
  assert np.isfinite(predicted).all()
  if isinstance(tuned, Kriging):
    variance = fitted.variance(known, train[:1, known] + 0.1)
    assert np.isfinite(variance).all() and (variance >= 0).all()
  if method.name not in ("example_mean", "knn"):
    assert np.abs(predicted - train[0] - 0.1).max() < 0.1


def test_measured_cells_are_kept_and_missing_ones_left_out():
  values = planted()
  fitted, known = Kriging().fit(values[:-3]), np.arange(20)
  own = values[-3:, known].copy()
  own[1, 5] = np.nan
  rows = predict_measured(fitted, known, own)
  np.testing.assert_array_equal(rows[0, known], own[0])
  less = np.delete(known, 5)
  alone = fitted.predict(less, own[1:2, less])[0]
  np.testing.assert_allclose(rows[1, 5], alone[5])
  np.testing.assert_allclose(rows[1, 30:], alone[30:])


def test_draws_are_predicted_as_if_alone():
  values = planted()
  own = values[-3:].copy()
  own[1, 5], own[2, [4, 9]] = np.nan, np.nan
  fitted = Kriging().fit(values[:-3])
  draws = [(k, own[:, k]) for k in (np.arange(20), np.array([30, 5, 9]))]
  together = predict_measured_each(fitted, draws)
  for (known, told), rows in zip(draws, together, strict=True):
    np.testing.assert_array_equal(rows, predict_measured(fitted, known, told))


def test_nothing_measured_gives_the_example_mean():
  values = planted()
  none = np.array([], int)
  for method in OWN:
    rows = method.fit(values).predict(none, np.empty((2, 0)))
    np.testing.assert_allclose(rows, np.tile(values.mean(0), (2, 1)))


def test_what_was_measured_does_not_count_as_predicted():
  fold = next(folds(planted(5, 20), known=4))
  columns = fold.known[0]
  row = fold.row + 1.0
  assert fold.squared_error(row, columns) == pytest.approx(16)
  row[columns] += 100
  assert fold.squared_error(row, columns) == pytest.approx(16)


def test_tuning_looks_at_few_columns_and_rows():
  train = np.random.default_rng(0).normal(size=(60, 6000))
  found = list(folds(train, known=5))
  assert len(found) == 48
  assert found[0].rest.shape == (59, 5000)
  assert len(np.unique(found[0].known[0])) == 5
