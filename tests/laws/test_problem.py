"""Losses of residuals, and coordinates of parameters."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.laws import LAWS
from forgetting.laws.problem import Loss, Slot

NUMBERS = st.floats(-10, 10)


@given(NUMBERS, st.floats(1e-8, 10), st.floats(0.1, 10))
def test_huber_is_quadratic_inside_and_linear_outside(r, delta, factor):
  side = factor if r > 0 else 1.0
  value = 0.5 * r**2 if abs(r) <= delta else delta * (abs(r) - 0.5 * delta)
  found = float(Loss(delta, factor)(np.array([r]))[0])
  assert found == pytest.approx(side * value, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", LAWS)
def test_a_parameter_comes_back_from_its_coordinate(name):
  for parameter in LAWS[name].parameters:
    slot = Slot(parameter, None)
    assert slot.outside(slot.inside(0.7)) == pytest.approx(0.7)
    low, high = slot.bounds
    assert low < high
