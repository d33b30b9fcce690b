"""The global stage: where it looks, and what it keeps."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import planted_tables
import pytest

from forgetting import laws
from forgetting.laws import varpro


@given(st.integers(1, 300), st.integers(1, 7))
def test_the_sequence_fills_the_cube_without_repeating(count, axes):
  points = varpro.sequence(count, axes)
  assert points.shape == (count, axes)
  assert ((points >= 0) & (points < 1)).all()
  assert len(np.unique(points[:, 0])) == count


def test_starts_are_inside_the_bounds_and_as_many_as_asked():
  problem = planted_tables.fitted().problem
  found = varpro.starts(problem, 5)
  low, high = problem.bounds()
  assert found.shape == (5, len(problem.slots))
  assert ((found >= low) & (found <= high)).all()
  assert varpro.starts(problem).shape[0] == 16
  assert varpro.thin(problem) is problem


def test_more_rows_than_are_searched_are_thinned():
  table = planted_tables.planted()
  many = pd.concat([table] * (varpro.ROWS // len(table) + 1))
  fitted = laws.fit(many, "forgetting")
  assert varpro.thin(fitted.problem).rows == varpro.ROWS < fitted.problem.rows
  alone = laws.fit(table, "forgetting")
  assert fitted.params["B"] == pytest.approx(alone.params["B"], rel=1e-3)
