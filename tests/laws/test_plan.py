"""The runs to add: within the budget, and better than by chance."""

import numpy as np
import planted_tables
import pytest

from forgetting import laws
from forgetting.config import InputError

FITTED = planted_tables.fitted()


def test_a_plan_stays_in_its_budget_and_sharpens():
  plan = laws.plan(FITTED, budget=3e15, targets=laws.grid([1e8], [3e7], [0.01]))
  assert plan.spent <= plan.budget
  assert plan.after < plan.before
  assert plan.runs["cost"].sum() == pytest.approx(plan.spent)


def test_the_planned_runs_beat_as_many_random_ones():
  candidates = laws.grid((1e6, 4e6, 16e6), (1e5, 1e6, 1e7), (0, 0.01, 0.05))
  targets = laws.grid([1e8], [3e7], [0.01])

  def after(chosen):
    return laws.plan(
      FITTED, budget=1e30, targets=targets, candidates=chosen, repeats=1
    ).after

  free = laws.Cost(epochs=1e-30, fixed=1.0)
  best = laws.plan(
    FITTED,
    budget=5.5,
    targets=targets,
    candidates=candidates,
    cost=free,
    repeats=1,
  )
  assert len(best.runs) == 5
  generator = np.random.default_rng(0)
  random = [
    after([candidates[i] for i in generator.choice(27, 5, replace=False)])
    for _ in range(20)
  ]
  assert best.after < np.median(random)


def test_a_new_study_gets_three_levels_of_everything_first():
  candidates = laws.grid(
    (1e6, 2e6, 4e6, 8e6), (1e5, 1e6, 1e7), (0, 0.001, 0.01, 0.05)
  )
  guess = {"A": 5.0, "B": 1000.0, "alpha": 0.5, "beta": 0.4}
  targets = laws.grid([1e8], [3e7], [0.01])
  plan = laws.plan_new(
    guess, budget=1e17, targets=targets, candidates=candidates
  )
  first = plan.runs.head(27)
  for name in ("model_params", "target_tokens", "injection"):
    assert first[name].nunique() == 3
  assert 0.001 in set(first["injection"])
  with pytest.raises(InputError, match="smallest design"):
    laws.plan_new(guess, budget=1.0, targets=targets, candidates=candidates)


@pytest.mark.parametrize("budget", [0.0, np.nan, np.inf])
def test_a_budget_must_be_positive_and_finite(budget):
  asked = dict(budget=budget, targets=laws.grid([1e8], [1e7], [0.0]))
  with pytest.raises(InputError, match="must be positive and finite"):
    laws.plan(planted_tables.fitted(), **asked)
  with pytest.raises(InputError, match="must be positive and finite"):
    laws.plan_new(
      {"A": 5.0, "B": 1000.0, "alpha": 0.5, "beta": 0.4}, candidates=[], **asked
    )
