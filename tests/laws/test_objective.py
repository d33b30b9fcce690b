"""Every law's gradient and Hessian against central differences."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from forgetting.laws import LAWS
from forgetting.laws.objective import evaluate, objective_at
from forgetting.laws.problem import Loss, Problem, Slot, predict


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
  h = 1e-6
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


@pytest.mark.parametrize("name", sorted(LAWS))
def test_the_objective_alone_is_the_same(name):
  problem, x = random_problem(LAWS[name], 4, 1e-2)
  problem = replace(problem, guard=10.0)
  points = x + 0.3 * np.random.default_rng(1).normal(size=(7, x.shape[1]))
  weight = np.random.default_rng(2).uniform(0, 2, (7, problem.rows))
  np.testing.assert_allclose(
    objective_at(problem, points, weight=weight),
    evaluate(problem, points, weight=weight).objective,
    rtol=1e-12,
  )


@pytest.mark.parametrize("name", sorted(LAWS))
def test_lanes_of_several_tables_are_those_of_each(name):
  """A law that looked beyond its row would mix the tables."""
  problems, points = zip(
    *(random_problem(LAWS[name], seed, 1e-2) for seed in (5, 6)), strict=True
  )
  problems = [replace(problem, guard=10.0) for problem in problems]
  symbols = vars(problems[0].values)
  rows = dict(
    weight=np.stack([problem.weight for problem in problems]),
    log_loss=np.stack([problem.log_loss for problem in problems]),
    values=SimpleNamespace(
      **{s: np.stack([vars(p.values)[s] for p in problems]) for s in symbols}
    ),
  )
  x = np.concatenate(points)
  each = [evaluate(p, x) for p, x in zip(problems, points, strict=True)]
  found = evaluate(problems[0], x, **rows)
  for field in found._fields:
    alone = np.concatenate([getattr(terms, field) for terms in each])
    np.testing.assert_allclose(getattr(found, field), alone, rtol=1e-12)
  np.testing.assert_allclose(
    objective_at(problems[0], x, **rows), found.objective, rtol=1e-12
  )
