import numpy as np
import pytest

from forgetting.config.rope import Rope
from forgetting.training.models import rotary


def test_llama3_keeps_fast_turns_and_divides_slow_ones():
  rope = Rope(
    theta=5e5, scaling="llama3", factor=8.0, original_context=8192, low=1.0,
    high=4.0,
  )  # fmt: skip
  plain = rotary.frequencies(Rope(theta=5e5), 128, 1)
  found = rotary.frequencies(rope, 128, 1)
  assert found[0] == plain[0]
  assert found[-1] == pytest.approx(plain[-1] / 8)
  assert (np.diff(found / plain) <= 0).all()


def test_longrope_takes_other_factors_beyond_the_original_context():
  rope = Rope(
    scaling="longrope", factor=4.0, original_context=16,
    short_factors=(1.0, 1.0), long_factors=(2.0, 4.0),
  )  # fmt: skip
  short, long = (rotary.frequencies(rope, 4, n) for n in (16, 17))
  np.testing.assert_allclose(short / long, [2, 4], rtol=1e-6)


@pytest.mark.parametrize("neighbours", [False, True])
def test_turning_keeps_lengths_and_what_lies_beyond(neighbours):
  draw = np.random.default_rng(0).normal(size=(1, 5, 2, 8)).astype(np.float32)
  cos, sin = rotary.tables((Rope(),), 4, 5)
  out = np.asarray(rotary.turn(draw, cos[0], sin[0], neighbours=neighbours))
  np.testing.assert_allclose(
    np.linalg.norm(out, axis=-1), np.linalg.norm(draw, axis=-1), rtol=1e-6
  )
  np.testing.assert_array_equal(out[..., 4:], draw[..., 4:])
  np.testing.assert_array_equal(out[:, 0], draw[:, 0])  # the first: no angle


def test_a_kind_without_positions_turns_nothing():
  cos, sin = rotary.tables((Rope(), None), 4, 5)
  assert cos.shape == sin.shape == (2, 5, 2)
  np.testing.assert_array_equal(cos[1], 1)
  np.testing.assert_array_equal(sin[1], 0)
