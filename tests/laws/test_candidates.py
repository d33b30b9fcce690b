"""Candidates of a plan, and what they cost."""

import planted_tables
import pytest

from forgetting.config import InputError
from forgetting.laws.candidates import (
  Cost,
  default_candidates,
  grid,
  least_design,
)


def test_a_run_costs_its_tokens_injected_ones_included():
  point = {"N": 1e6, "D": 1e4, "p": 0.2}
  assert Cost(epochs=8, fixed=5.0)(point) == pytest.approx(
    6e6 * 8e4 / 0.8 + 5.0
  )


def test_the_least_design_is_cheap_and_has_three_levels_of_each_axis():
  levels = ((1e6, 2e6, 4e6, 8e6), (1e4, 2e4, 3e4), (0, 1e-3, 1e-2, 0.5))
  candidates = grid(*levels)
  chosen = [candidates[i] for i in least_design(candidates, 300.0, Cost())]
  assert len(chosen) == 27
  assert {c["N"] for c in chosen} == {1e6, 2e6, 4e6}
  assert {c["p"] for c in chosen} == {0.0, 1e-3, 1e-2}


@pytest.mark.parametrize(
  ("levels", "line"),
  [
    (((1e6, 2e6), (1, 2, 3), (0, 0.1, 0.2)), "model_params has 2 levels"),
    (((1, 2, 3), (1, 2, 3), (0.1, 0.2, 0.3)), "none has injection 0"),
  ],
)
def test_what_identifies_no_law_is_refused(levels, line):
  with pytest.raises(InputError, match=line):
    least_design(grid(*levels), 300.0, Cost())


def test_by_default_the_study_s_levels_and_one_more_at_either_end():
  points = default_candidates(planted_tables.fitted())
  assert sorted({q["p"] for q in points}) == pytest.approx(
    [0, 0.01 / 3, 0.01, 0.05, 0.15]
  )
  assert {q["N"] for q in points} == {1e6, 4e6, 16e6}
