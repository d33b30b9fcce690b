"""Which examples to measure: every rule by name."""

import numpy as np
from planted_matrices import planted

from forgetting.associations import choice
from forgetting.associations.kriging import Kriging, Prior


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
