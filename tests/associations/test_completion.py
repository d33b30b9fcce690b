"""Predicting rows whose answer is planted: every method, and the choices."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import choice, kriging
from forgetting.associations.baselines import Additive, ExampleMean, Knn
from forgetting.associations.completion import folds, predict_measured
from forgetting.associations.factorisation import AuthorsFactorisation
from forgetting.associations.kriging import Kriging, KrigingT, Prior
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


def test_kriging_is_its_equation():
  """Against the equations written out with every matrix whole."""
  values = planted(9, 40)
  train, own = values[:-1], values[-1]
  known = np.array([3, 17, 22, 30, 5])
  method = Kriging(ridge=0.3, intercept=2.0, slope=0.4, scale=1.5)
  mean = train.mean(0)
  x = train - mean
  slope = mean - mean.mean()
  c = x.T @ x / 7 + 2.0 * train.mean(1).var() + 0.4 * np.outer(slope, slope)
  d = 0.3 * train.var(0) + 0.02 * train.var(0).mean()
  gain = c[:, known] @ np.linalg.inv(
    c[np.ix_(known, known)] + np.diag(d[known])
  )
  fitted = method.fit(train)
  expected = mean + gain @ (own - mean)[known]
  np.testing.assert_allclose(
    fitted.predict(known, own[None, known])[0], expected
  )
  variance = 1.5 * (np.diag(c) + d - np.sum(gain * c[:, known], axis=1))
  variance[known] = 0
  np.testing.assert_allclose(
    fitted.variance(known, own[None, known])[0], variance
  )


def test_the_t_version_reweights_as_written():
  covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
  noise, residual = np.array([0.5, 0.25]), np.array([0.1, 4.0])
  weight = np.ones(2)
  for _ in range(4):
    pull = np.linalg.solve(covariance + np.diag(noise / weight), residual)
    used = noise / weight
    r = noise / weight * pull / np.sqrt(noise)
    weight = np.clip(4 / (3 + r**2), 0.05, 2)
  found, solved = kriging.condition(covariance, noise, residual, rounds=3)
  np.testing.assert_allclose(found, pull)
  np.testing.assert_allclose(solved, used)


def test_kriging_reaches_the_noise_of_a_planted_matrix():
  values = planted(noise=0.01)
  tuned = KrigingT().tuned(values[:-6], known=30)
  assert rmse(tuned, values) < 0.013
  assert rmse(Additive(), values) > 0.1
  assert rmse(ExampleMean(), values) > 0.1


@pytest.mark.parametrize("method", OWN, ids=ids)
def test_methods_find_an_additive_matrix(method):
  generator = np.random.default_rng(0)
  values = generator.normal(0.1, 0.1, (20, 1)) + generator.normal(size=150)
  values += 1e-3 * generator.normal(size=values.shape)
  limit = 0.2 if method.name in ("example_mean", "knn") else 3e-3
  assert rmse(method.tuned(values[:-6], known=30), values) < limit


def test_knn_finds_the_twin():
  values = planted(20, 100, rank=8)
  values[-6:] = values[:6]
  assert rmse(Knn(neighbours=1), values) < 1e-9
  assert rmse(Knn(neighbours=20), values) < 1e-6  # the twin weighs most


def test_soft_impute_is_the_one_with_whole_matrices():
  """Against the iteration on the filled matrix, SVD and all."""
  values = planted(10, 50, rank=3)
  train, own = values[:-1], values[-1]
  known = np.arange(0, 50, 3)
  mean = train.mean(0)
  left = train - mean
  left -= left.mean(1, keepdims=True)
  offset = (own - mean)[known].mean()
  row = np.zeros(50)
  row[known] = (own - mean)[known] - offset
  shrinkage = 0.1 * np.linalg.svd(left, compute_uv=False)[0]
  unknown = np.setdiff1d(np.arange(50), known)
  for _ in range(300):
    u, s, v = np.linalg.svd(np.vstack([left, row]), full_matrices=False)
    low = (u * np.maximum(s - shrinkage, 0)) @ v
    row[unknown] = low[-1, unknown]
  found = SoftImpute(shrinkage=0.1).fit(train)
  found = found.predict(known, own[None, known])[0]
  expected = (mean + offset + row)[unknown]
  np.testing.assert_allclose(found[unknown], expected, atol=5e-4)


def test_the_factorisation_is_the_loop_over_cells():
  generator = np.random.default_rng(0)
  train, values = generator.normal(size=(5, 4)), generator.normal(size=(2, 3))
  known = np.array([2, 0, 3])
  method = AuthorsFactorisation(epochs=30, rate=0.05, deviation=0.1)
  found = method.fit(train).predict(known, values)
  draw = np.random.default_rng([0, *np.sort(known)])
  p, q = (draw.normal(0, 0.1, (n, 5, 2)) for n in (6, 6))
  for task, own in enumerate(values):
    row = dict(zip(known, own, strict=True))
    b, c, pt, qt = np.zeros(6), np.zeros(4), p[..., task], q[..., task]
    mean = (train.sum() + own.sum()) / 23
    for _ in range(30):
      for i in range(6):
        for j in range(4) if i < 5 else sorted(row):
          z = train[i, j] if i < 5 else row[j]
          push = 0.05 * (z - mean - b[i] - c[j] - pt[i] @ qt[j])
          b[i], c[j] = b[i] + push, c[j] + push
          pt[i], qt[j] = pt[i] + push * qt[j], qt[j] + push * pt[i]
    np.testing.assert_allclose(
      found[task], mean + b[5] + c + qt[:4] @ pt[5], atol=2e-6
    )


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


def test_one_wild_cell_moves_the_t_version_less():
  values = planted(noise=0.01)
  train, own = values[:-1], values[-1]
  known = np.arange(30)
  wild = own[known].copy()
  wild[4] += 3
  errors = {}
  for method in (Kriging(), KrigingT(), Additive()):
    row = method.fit(train).predict(known, wild[None])[0]
    errors[method.name] = np.sqrt(np.mean((row - own)[30:] ** 2))
  assert errors["kriging_t"] < 0.6 * errors["kriging"]
  assert errors["kriging_t"] < 0.05


def test_variance_is_that_of_the_errors():
  values = planted(60, 300, noise=0.03)
  method = KrigingT().tuned(values[:40], known=30)
  fitted, known = method.fit(values[:40]), np.arange(0, 300, 10)
  truth = values[40:]
  error = fitted.predict(known, truth[:, known]) - truth
  variance = fitted.variance(known, truth[:, known])
  rest = np.setdiff1d(np.arange(300), known)
  ratio = np.mean(error[:, rest] ** 2 / variance[:, rest])
  assert 0.6 < ratio < 1.6
  assert (variance[:, known] == 0).all()


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


def test_nothing_measured_gives_the_example_mean():
  values = planted()
  none = np.array([], int)
  for method in OWN:
    rows = method.fit(values).predict(none, np.empty((2, 0)))
    np.testing.assert_allclose(rows, np.tile(values.mean(0), (2, 1)))


def test_tuning_takes_the_candidate_that_leaves_least():
  """The batched search of kriging agrees with trying one by one."""
  train = planted(10, 60)
  tuned = KrigingT().tuned(train, known=10)
  one_by_one = []
  for candidate in KrigingT().candidates():
    total = 0.0
    for fold in folds(train, known=10):
      fitted = candidate.fit(fold.rest)
      for columns in fold.known:
        row = fitted.predict(columns, fold.row[None, columns])[0]
        total += fold.squared_error(row, columns)
    one_by_one.append(total)
  best = KrigingT().candidates()[int(np.argmin(one_by_one))]
  assert dataclasses.replace(tuned, scale=1.0) == best


def test_knn_is_tuned_by_the_same_folds():
  train = planted(10, 60, rank=5, noise=0.1)
  left = []
  for candidate in Knn().candidates():
    total = 0.0
    for fold in folds(train, known=10):
      columns = fold.known[0]
      row = candidate.fit(fold.rest).predict(columns, fold.row[None, columns])
      rest = np.setdiff1d(np.arange(60), columns)
      total += np.sum((row[0, rest] - fold.row[rest]) ** 2)
    left.append(total)
  best = Knn().candidates()[int(np.argmin(left))]
  assert Knn().tuned(train, known=10) == best


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


def test_greedy_lowers_expected_variance_step_by_step():
  """Against the same rule with the covariance whole."""
  train, method = planted(8, 40), Kriging(ridge=0.5, slope=0.1)
  prior = Prior.of(train)
  every = np.arange(40)
  c = prior.covariance(every, np.array([method.intercept, method.slope]))
  d = prior.noise(method.ridge)
  expected = []
  for _ in range(8):
    gain = np.sum(c**2, axis=0) / (np.diag(c) + d)
    gain[expected] = -np.inf
    pick = int(np.argmax(gain))
    expected.append(pick)
    c = c - np.outer(c[:, pick], c[pick]) / (c[pick, pick] + d[pick])
  found = choice.greedy(prior, count=8, method=method)
  assert found.tolist() == expected


def test_choices_are_distinct_and_as_named():
  train = planted(12, 80)
  rules = choice.choosers(train, count=20, method=Kriging())
  ranked = np.argsort(-train.var(0))
  for rule in rules.values():
    assert len(np.unique(rule.choose(20, seed=3))) == 20
  assert set(rules["variance"].choose(20, seed=0)) == set(ranked[:20])
  mixed = rules["mixed"].choose(20, seed=0)
  top = rules["mixed"].top
  assert 0 <= top <= 10 and set(ranked[:top]) <= set(mixed)
  expected = np.random.default_rng(7).choice(80, 20, replace=False)
  np.testing.assert_array_equal(rules["random"].choose(20, seed=7), expected)


def test_mixed_takes_outlier_columns_where_that_helps():
  generator = np.random.default_rng(0)
  train = 0.01 * generator.normal(size=(30, 200))
  train[:, :5] += generator.normal(size=(30, 5))  # each a law to itself
  assert choice.best_top(train, known=30, method=Kriging()) >= 5
