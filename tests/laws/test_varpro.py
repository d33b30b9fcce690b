"""The global stage: where it looks, and what it keeps."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import planted_tables

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
