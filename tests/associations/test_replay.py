"""Replay weights: their temperature, their limits, what they refuse."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.associations.replay import weigh
from forgetting.config import InputError

HEAVY = np.random.default_rng(0).standard_t(2, 500) / 30


def share(weights):
  return 1 / (len(weights) * np.square(weights).sum())


@pytest.mark.parametrize("wanted", [0.1, 0.5, 0.9])
def test_the_effective_share_is_the_one_asked_for(wanted):
  found = weigh(HEAVY, effective_share=wanted)
  assert share(found.weights) == pytest.approx(wanted)
  assert found.effective_share == pytest.approx(wanted)
  assert found.weights.sum() == pytest.approx(1)


def test_weights_are_the_softmax_of_clipped_forgetting():
  found = weigh(HEAVY, effective_share=0.5, clip=0.02)
  clipped = np.clip(HEAVY, *np.quantile(HEAVY, [0.02, 0.98]))
  expected = np.exp(clipped / found.temperature)
  np.testing.assert_allclose(found.weights, expected / expected.sum())


def test_one_outlier_does_not_rule():
  calm = np.random.default_rng(1).normal(0, 0.01, 500)
  wild = calm.copy()
  wild[7] = 30
  before, after = weigh(calm).weights, weigh(wild).weights
  rest = np.delete(np.arange(500), 7)
  np.testing.assert_allclose(after[rest], before[rest], rtol=0.1)
  assert after[7] <= after.max() < 0.02
  assert weigh(wild, clip=0).weights[7] > 0.02


def test_all_of_it_is_uniform():
  np.testing.assert_allclose(
    weigh(HEAVY, effective_share=1).weights, 1 / len(HEAVY)
  )
  found = weigh(np.full(9, 0.3), effective_share=0.2)
  np.testing.assert_allclose(found.weights, 1 / 9)
  assert found.temperature == np.inf


def test_ties_at_the_top_share_what_cannot_be_sharper():
  z = np.array([1.0] * 4 + [0.0] * 6)
  found = weigh(z, effective_share=0.1)
  np.testing.assert_allclose(found.weights[:4], 0.25, atol=1e-6)
  assert found.effective_share == pytest.approx(0.4, abs=1e-6)


def test_unmeasured_examples_are_never_replayed():
  z = HEAVY.copy()
  z[::5] = np.nan
  found = weigh(z)
  assert (found.weights[::5] == 0).all()
  assert found.weights.sum() == pytest.approx(1)
  seen = np.delete(z, np.arange(0, 500, 5))
  np.testing.assert_allclose(
    np.delete(found.weights, np.arange(0, 500, 5)), weigh(seen).weights
  )


@given(
  st.integers(0, 10**6),
  st.floats(0.1, 0.95),
  st.floats(1e-3, 1e3),
  st.floats(-10, 10),
)
def test_units_and_zero_do_not_matter_and_more_forgotten_weighs_more(
  seed, wanted, scale, shift
):
  z = np.random.default_rng(seed).normal(size=40)
  found = weigh(z, effective_share=wanted).weights
  moved = weigh(scale * z + shift, effective_share=wanted).weights
  np.testing.assert_allclose(moved, found, rtol=1e-5)
  assert (np.diff(found[np.argsort(z)]) >= 0).all()


@pytest.mark.parametrize(
  ("forgetting", "options", "told"),
  [
    ([], {}, "0 numbers"),
    ([np.nan, np.nan], {}, "0 numbers"),
    ([[1.0, 2.0]], {}, "shape"),
    ([1.0, 2.0], {"effective_share": 0}, "effective share: found 0"),
    ([1.0, 2.0], {"effective_share": 1.5}, "effective share: found 1.5"),
    ([1.0, 2.0], {"clip": 0.5}, "clip: found 0.5"),
  ],
)
def test_bad_input_is_told(forgetting, options, told):
  with pytest.raises(InputError, match=told):
    weigh(np.array(forgetting), **options)
