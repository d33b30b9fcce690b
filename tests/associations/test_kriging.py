"""Kriging: its equations, its noise, its variance, its tuning."""

import dataclasses

import numpy as np
from planted_matrices import planted

from forgetting.associations import kriging
from forgetting.associations.baselines import Additive, ExampleMean
from forgetting.associations.completion import folds
from forgetting.associations.kriging import Kriging, KrigingT


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


def test_rows_alike_up_to_rounding_are_a_prior_too():
  """Their variance is the rounding of a mean, and no scale of anything."""
  row = np.random.default_rng(0).normal(size=40)
  train = np.array([row, row, row])
  assert train.mean(0).tolist() != row.tolist()
  known = np.arange(12)
  for method in (Kriging(), KrigingT()):
    fitted = method.fit(train)
    found = fitted.predict(known, row[None, known] + 0.1)
    assert np.isfinite(fitted.variance(known, row[None, known])).all()
    np.testing.assert_allclose(found[0], row + 0.1, atol=0.05)
