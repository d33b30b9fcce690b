"""Jets, and every law's gradient and Hessian, against central differences."""

from dataclasses import replace
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.laws import LAWS
from forgetting.laws.jets import Jet
from forgetting.laws.objective import evaluate
from forgetting.laws.problem import Loss, Problem, Slot, predict

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


def random_problem(law, seed, delta):
  """All parameters free, random rows and a random inner point."""
  generator = np.random.default_rng(seed)
  rows, values = 25, {}
  for symbol, variable in law.variables.items():
    if variable.kind == "fraction":
      values[symbol] = generator.uniform(0.05, 0.95, rows)
    elif variable.kind == "loss":
      values[symbol] = np.full(rows, 99.0)  # a gain must not eat it up
    else:
      log = generator.normal(size=rows)
      values[symbol], values[f"ln{symbol}"] = np.exp(log), log
  slots = tuple(Slot(p, None) for p in (*law.amplitudes, *law.nonlinear))
  x = []
  for slot in slots:
    if slot.parameter.amplitude:
      x.append(generator.uniform(0.3, 0.6))
    else:
      low, high = (slot.inside(v) for v in slot.parameter.search)
      x.append(low + (high - low) * generator.uniform(0.4, 0.6))
  problem = Problem(
    law=law,
    slots=slots,
    values=SimpleNamespace(**values),
    log_loss=np.zeros(rows),
    weight=generator.uniform(0.5, 2, rows),
    free=np.ones(len(slots), bool),
    loss=Loss(delta, 1.5),
  )
  x = np.array([x])
  noise = 0.02 * generator.normal(size=rows)
  return replace(problem, log_loss=predict(problem, x)[0] + noise), x


# Large delta: all rows quadratic. Small: all linear, only model curvature.
@pytest.mark.parametrize("delta", [10.0, 1e-7])
@pytest.mark.parametrize("name", sorted(LAWS))
def test_gradient_and_hessian_of_every_law(name, delta):
  problem, x = random_problem(LAWS[name], 3, delta)
  assert np.isfinite(predict(problem, x)).all()
  terms = evaluate(problem, x)
  h = 1e-6 if delta > 1 else 1e-7
  size = x.shape[1]
  points = np.repeat(x, 2 * size, axis=0)
  points[np.arange(size), np.arange(size)] += h
  points[size + np.arange(size), np.arange(size)] -= h
  moved = evaluate(problem, points)
  gradient = (moved.objective[:size] - moved.objective[size:]) / (2 * h)
  scale = np.abs(terms.gradient).max()
  assert terms.gradient[0] == pytest.approx(gradient, abs=1e-5 * scale)
  hessian = (moved.gradient[:size] - moved.gradient[size:]) / (2 * h)
  scale = np.abs(terms.hessian).max()
  assert terms.hessian[0] == pytest.approx(hessian, abs=1e-4 * scale)
