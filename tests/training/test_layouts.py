import numpy as np
import pytest

from forgetting.training.public import layouts


@pytest.mark.parametrize(
  "layout",
  [
    layouts.WHOLE,
    layouts.SideBySide((4, 3, 5)),
    layouts.ByHead(2, 2),
  ],
)
@pytest.mark.parametrize("rest", [(), (6,)])
def test_what_is_split_is_joined(layout, rest):
  whole = np.random.default_rng(0).normal(size=(12, *rest))
  parts = layout.split(whole)
  assert sum(len(part) for part in parts) == 12
  np.testing.assert_array_equal(layout.join(parts), whole)


def test_queries_of_a_head_lie_before_its_keys():
  whole = np.arange(12)
  q, k, v = layouts.ByHead(2, 2).split(whole)
  assert q.tolist() == [0, 1, 6, 7]
  assert k.tolist() == [2, 3, 8, 9]
  assert v.tolist() == [4, 5, 10, 11]
