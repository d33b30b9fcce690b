"""The bottom of a U-curve, between its evaluations."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.records.bottom import bottom

STEPS = [0, *np.round(20 * 1.25 ** np.arange(14)).astype(int)]


def curve(vertex, *, noise=0.0, seed=0):
  """A parabola in the log of the step, and a pretraining loss that climbs."""
  generator = np.random.default_rng(seed)
  log = np.log(np.maximum(STEPS, 1))
  target = 2 + 0.05 * (log - np.log(vertex)) ** 2
  pretrain = 1.5 + 0.3 * log
  return (
    target + noise * generator.normal(size=len(log)),
    pretrain + 3 * noise * generator.normal(size=len(log)),
  )


@given(st.floats(35, 250))
def test_an_exact_parabola_is_found_between_its_evaluations(vertex):
  target, pretrain = curve(vertex)
  found = bottom(STEPS, target, pretrain)
  assert found.step == pytest.approx(vertex)
  assert found.target_loss == pytest.approx(2)
  assert found.pretrain_loss == pytest.approx(1.5 + 0.3 * np.log(vertex))
  assert found.target_standard_error == pytest.approx(0, abs=1e-9)


def test_the_vertex_spreads_less_than_the_lowest_evaluation():
  vertex, lowest, errors = [], [], []
  for seed in range(200):
    target, pretrain = curve(90, noise=0.004, seed=seed)
    found = bottom(STEPS, target, pretrain)
    vertex.append(found.pretrain_loss)
    lowest.append(pretrain[found.at])
    errors.append(found.pretrain_standard_error or np.nan)
  assert np.std(vertex) < 0.6 * np.std(lowest)
  # the error that is told is about the spread that there is
  assert 0.4 < np.nanmedian(errors) / np.std(vertex) < 2


def test_the_earliest_within_one_error_comes_no_later():
  target, pretrain = curve(90, noise=0.01, seed=3)
  found = bottom(STEPS, target, pretrain)
  assert found.one_error <= found.at
  assert target[found.one_error] <= found.target_loss + 0.03


@pytest.mark.parametrize(
  "target",
  [
    [3, 2.5, 2.2, 2.1, 2.0],  # it ends before it turns
    [2, 2.5, 2.6, 2.7, 2.8],  # nothing is learned
    [3, 2.0, 2.1, 2.2, 2.3],  # one evaluation before the bottom is no trend
  ],
)
def test_a_curve_without_a_vertex_keeps_its_lowest_evaluation(target):
  steps, pretrain = [0, 10, 20, 30, 40], [1.0, 1.1, 1.2, 1.3, 1.4]
  found = bottom(steps, target, pretrain)
  at = int(np.argmin(target))
  assert (found.step, found.pretrain_loss) == (steps[at], pretrain[at])
  assert found.pretrain_standard_error is None
  assert found.one_error == found.at == at
