"""Metrics by hand, of whole rows and of binary ones."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from forgetting.associations import metrics


def test_metrics_by_hand():
  generator = np.random.default_rng(0)
  truth, guess = generator.normal(size=(2, 3, 50))
  known = np.array([4, 9])
  found = metrics.scores(truth, guess, known)
  error = (truth - guess) ** 2
  rest = np.delete(error, known, axis=1)
  worst = np.argmax(error.mean(1))
  assert found["rmse_x100"] == pytest.approx(100 * np.sqrt(error.mean()))
  assert found["rmse_x100_unmeasured"] == pytest.approx(
    100 * np.sqrt(rest.mean())
  )
  assert found["rmse_x100_without_worst"] == pytest.approx(
    100 * np.sqrt(np.delete(error, worst, 0).mean())
  )
  assert found["spearman"] == pytest.approx(
    np.mean([spearmanr(a, b)[0] for a, b in zip(truth, guess, strict=True)])
  )
  top = [
    len({*np.argsort(-a)[:5]} & {*np.argsort(-b)[:5]}) / 5
    for a, b in zip(truth, guess, strict=True)
  ]
  assert found["precision_at_10"] == pytest.approx(np.mean(top))
  assert found["recall_at_10"] == found["precision_at_10"]
  mass = [
    a[np.argsort(-b)[:2]].sum() / np.sort(a)[-2:].sum()
    for a, b in zip(truth, guess, strict=True)
  ]
  assert found["mass_at_5"] == pytest.approx(np.mean(mass))


def test_a_perfect_prediction_has_perfect_metrics():
  truth = np.random.default_rng(0).normal(size=(3, 40)) + 1
  found = metrics.scores(truth, truth.copy(), np.array([0]))
  assert found["rmse_x100"] == 0
  for name in ("spearman", "precision_at_10", "recall_at_10", "mass_at_5"):
    assert found[name] == pytest.approx(1)


def test_unmeasured_truth_is_left_out():
  generator = np.random.default_rng(0)
  truth, guess = generator.normal(size=(2, 3, 50))
  truth[:, 40:] = np.nan
  found = metrics.scores(truth, guess, np.array([0]))
  expected = metrics.scores(truth[:, :40], guess[:, :40], np.array([0]))
  assert found == pytest.approx(expected)


def test_binary_metrics_by_hand():
  truth = np.array([1, 0, 1, 0, 0, 1])
  score = np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.3])
  found = metrics.binary_scores(truth, score, threshold=0.5)
  assert found["precision"] == pytest.approx(2 / 3)
  assert found["recall"] == pytest.approx(2 / 3)
  assert found["f1"] == pytest.approx(2 / 3)
  # of 9 pairs of a 1 and a 0: .9 wins 3, .7 wins 2, .3 wins 2
  assert found["auc"] == pytest.approx(7 / 9)
  cut = metrics.best_threshold(truth, score)
  assert 0.2 < cut < 0.3
  assert metrics.binary_scores(truth, score, threshold=cut)[
    "f1"
  ] == pytest.approx(6 / 7)


def test_thresholds_never_cut_a_tie():
  truth = np.array([1, 0, 1, 0])
  cut = metrics.best_threshold(truth, np.array([0.5, 0.5, 0.5, 0.1]))
  assert 0.1 < cut < 0.5
