"""A forgetting law turned round, against its closed forms."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import planted_tables
import pytest

from forgetting import laws
from forgetting.laws import invert
from forgetting.laws.invert import forgetting_at, injection_needed

FITTED = planted_tables.fitted()


@settings(deadline=None, max_examples=25)
@given(
  st.floats(1e6, 1e9), st.floats(1e4, 1e8), st.floats(1e-4, 1), st.floats(0, 1)
)
def test_closed_forms_invert_the_law(n, d, tolerance, p):
  q = FITTED.params
  x = FITTED.x[None]
  point = {"N": n, "D": d}
  exact = q["A"] * d ** q["beta"] / ((1 + q["B"] * p) * n) ** q["alpha"]
  assert forgetting_at(FITTED, x, point, p)[0] == pytest.approx(
    exact, rel=1e-6, abs=1e-12
  )
  reach = (q["A"] * d ** q["beta"] / tolerance) ** (1 / q["alpha"])
  needed = max(0.0, (reach / n - 1) / q["B"])
  found = injection_needed(FITTED, x, point, tolerance)[0]
  if needed > 1 + 1e-9:
    assert np.isinf(found)
  elif needed < 1 - 1e-9:
    assert found == pytest.approx(needed, rel=1e-6, abs=1e-12)


def test_data_allowed_and_size_needed_are_the_closed_forms():
  q = FITTED.params
  allowed = laws.target_tokens_allowed(
    FITTED, model_params=4e6, injection=0.01, tolerance=0.1
  )
  strength = (1 + q["B"] * 0.01) * 4e6
  exact = (0.1 * strength ** q["alpha"] / q["A"]) ** (1 / q["beta"])
  assert allowed.value == pytest.approx(exact, rel=1e-6)
  assert allowed.low < allowed.value < allowed.high
  assert allowed.beyond
  needed = laws.model_params_needed(
    FITTED, target_tokens=1e6, injection=0.01, tolerance=0.1
  )
  reach = (q["A"] * 1e6 ** q["beta"] / 0.1) ** (1 / q["alpha"])
  assert needed.value == pytest.approx(reach / (1 + q["B"] * 0.01), rel=1e-6)
  half = laws.halving_injection(FITTED)
  assert (1 + q["B"] * half.value) ** -q["alpha"] == pytest.approx(0.5)


def test_the_edge_is_found_either_way_and_in_few_steps():
  asked = []

  def over(x):
    asked.append(x)
    # rises; falls; rises beyond floats; is no number beyond its edge
    return np.array(
      [x[0] - 0.3, 0.7 - x[1], np.exp(900 * x[2]) - 2, x[3] - 0.2]
    )

  def told(x):
    found = over(x)
    return np.where(x > [9, 9, 9, 0.2], np.nan, found)

  with np.errstate(over="ignore"):
    edges = invert._edge(told, np.zeros(4), np.ones(4))
    kept = over(edges) <= 0
  exact = [0.3, 0.7, np.log(2) / 900, 0.2]
  assert edges == pytest.approx(exact, rel=1e-12)
  assert kept.all()
  assert len(asked) < 80
