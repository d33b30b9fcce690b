"""Jets against central differences."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.laws.jets import Jet

FUNCTIONS = (
  lambda a, b: np.exp(a * b) / (1 + a),
  lambda a, b: np.log(1 + a**2) * b - a / b,
  lambda a, b: np.log1p(a * b) ** 3 - np.expm1(b - a),
  lambda a, b: a**b + b * np.maximum(a, 0.3) - np.minimum(2.0, 3 * b),
)


def seeded(a, b):
  one = np.ones(1)
  return Jet(np.array([a]), {0: one}), Jet(np.array([b]), {1: one})


@settings(deadline=None, max_examples=40)
@given(
  st.sampled_from(range(len(FUNCTIONS))), st.floats(0.5, 2), st.floats(0.7, 2)
)
def test_jets_agree_with_central_differences(which, a, b):
  function, h = FUNCTIONS[which], 1e-4
  jet = function(*seeded(a, b))

  def slope(i, x, y):
    step = (h, 0) if i == 0 else (0, h)
    up = function(x + step[0], y + step[1])
    return (up - function(x - step[0], y - step[1])) / (2 * h)

  for i in (0, 1):
    assert jet.grad[i] == pytest.approx(slope(i, a, b), rel=1e-5, abs=1e-5)
  for i, j in ((0, 0), (0, 1), (1, 1)):
    step = (h, 0) if j == 0 else (0, h)
    second = slope(i, a + step[0], b + step[1])
    second = (second - slope(i, a - step[0], b - step[1])) / (2 * h)
    found = jet.hess.get((i, j), np.zeros(1))
    assert found == pytest.approx(second, rel=1e-4, abs=1e-4)
