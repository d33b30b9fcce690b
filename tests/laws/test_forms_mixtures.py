"""The D-CPT law falls with the domain ratio, whatever the data say."""

from dataclasses import replace
import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forgetting import laws
from forgetting.laws.forms_mixtures import falls_with_ratio
from forgetting.laws.objective import evaluate
from forgetting.laws.problem import Loss

RATIOS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)


def table(rise, seed=0):
  """Losses that rise again above r = .5, by `rise` nats at r = 1."""
  generator = np.random.default_rng(seed)
  rows = []
  for n, d, r in itertools.product(
    (5e8, 1.8e9, 4e9), (1e9, 3e9, 1e10, 3e10), RATIOS
  ):
    loss = 1.2 + 300 / n**0.3 + 40 * r**0.6 / d**0.25
    loss += 0.5 / (r + 0.1) ** 0.5 + rise * max(r - 0.5, 0.0)
    rows.append((n, d, r, loss * np.exp(0.002 * generator.normal())))
  names = ["model_params", "tokens", "domain_ratio", "loss"]
  return pd.DataFrame(rows, columns=names)


def margins(fitted):
  q = SimpleNamespace(**fitted.problem.parameter_values(fitted.x[None]))
  return falls_with_ratio(fitted.problem.values, q)


@pytest.mark.parametrize("rise", [0.0, 0.4])
def test_a_fit_falls_with_the_ratio_on_every_row(rise):
  fitted = laws.fit(table(rise), "dcpt")
  assert margins(fitted).min() >= 0
  assert not fitted.certificate.broken
  assert fitted.certificate.gradient < 1e-6
  # The objective is that of the losses alone.
  bare = replace(fitted.problem, guard=0.0)
  assert fitted.objective == evaluate(bare, fitted.x[None]).objective[0]


def test_the_condition_binds_only_where_the_data_break_it():
  rising = laws.fit(table(0.4), "dcpt")
  bare = replace(rising.problem, guard=0.0)
  free = laws.fit(
    table(0.4), replace(laws.LAWS["dcpt"], name="unguarded", checks={})
  )
  assert free.objective < rising.objective
  assert margins(free).min() < 0
  assert evaluate(bare, free.x[None]).objective[0] == pytest.approx(
    free.objective
  )
  grid = pd.DataFrame(
    {"model_params": 1.8e9, "tokens": 3e10, "domain_ratio": RATIOS}
  )
  values, _ = rising.variables(grid)
  assert (np.diff(rising.losses(rising.x[None], values)[0]) <= 1e-12).all()


def test_bootstrap_refits_obey_the_condition_as_well():
  fitted = laws.fit(table(0.4), "dcpt")
  draws = laws.bootstrap(fitted, draws=40)
  q = SimpleNamespace(**fitted.problem.parameter_values(draws.x))
  assert (falls_with_ratio(fitted.problem.values, q) >= -1e-9).all()


def test_the_condition_has_exact_derivatives():
  fitted = laws.fit(table(0.4), "dcpt")
  problem, h = replace(fitted.problem, loss=Loss(10.0)), 1e-6
  x = fitted.x[None] * 1.05
  terms = evaluate(problem, x)
  without = evaluate(replace(problem, guard=0.0), x)
  assert terms.objective > without.objective  # it is broken there
  for i in range(x.shape[1]):
    ends = np.repeat(x, 2, axis=0)
    ends[:, i] += (h, -h)
    moved = evaluate(problem, ends)
    slope = (moved.objective[0] - moved.objective[1]) / (2 * h)
    scale = np.abs(terms.gradient).max()
    assert terms.gradient[0, i] == pytest.approx(slope, abs=1e-5 * scale)
    bend = (moved.gradient[0] - moved.gradient[1]) / (2 * h)
    scale = np.abs(terms.hessian).max()
    assert terms.hessian[0, i] == pytest.approx(bend, abs=1e-4 * scale)
