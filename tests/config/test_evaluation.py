from hypothesis import given
from hypothesis import strategies as st
import pytest

from forgetting.config import Evaluation, InputError


@given(total=st.integers(1, 100_000), points=st.integers(1, 60))
def test_evaluation_steps(total, points):
  steps = Evaluation(points=points).steps(total)
  assert steps[0] == 0
  assert steps[-1] == total
  assert list(steps) == sorted(set(steps))
  assert len(steps) <= points + 1


def test_the_curve_is_a_part_of_the_full_set():
  with pytest.raises(InputError, match="curve_target: found 9, expected at mo"):
    Evaluation(curve_target=9, full_target=8)
