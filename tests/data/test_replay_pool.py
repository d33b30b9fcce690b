"""The replay pool: fresh chunks of the parent's, in an order by weight."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np

from forgetting.data.permutation import permute, stream_key
from forgetting.data.replay_pool import pool_index, replay_order


def test_the_pool_is_what_the_parent_has_not_drawn():
  pretraining = range(1000)  # of a Pool its length counts
  found = pool_index(pretraining, 50, parent_seed=3, parent_chunks=200)
  drawn = permute(np.arange(200), 1000, key=stream_key(3, "pretraining"))
  assert len({*found}) == 50 and not {*found} & {*drawn}
  further = pool_index(pretraining, 80, parent_seed=3, parent_chunks=200)
  np.testing.assert_array_equal(further[:50], found)


@given(
  size=st.integers(1, 60),
  seed=st.integers(0, 1000),
  first=st.integers(0, 60),
  weighted=st.booleans(),
)
def test_an_order_is_a_permutation_of_the_seed(size, seed, first, weighted):
  weights = np.linspace(0, 1, size) if weighted else None
  order = replay_order(size, seed=seed, weights=weights, first=first)
  assert sorted(order) == [*range(size)]
  again = replay_order(size, seed=seed, weights=weights, first=first)
  np.testing.assert_array_equal(order, again)
  uniform = replay_order(size, seed=seed)
  np.testing.assert_array_equal(order[:first], uniform[:first])


def test_heavy_chunks_come_first_as_often_as_they_weigh():
  weights = np.array([0.7, 0.2, 0.1, 0.0])
  orders = [replay_order(4, seed=s, weights=weights) for s in range(2000)]
  firsts = np.bincount([order[0] for order in orders], minlength=4) / 2000
  np.testing.assert_allclose(firsts, weights, atol=0.03)
  assert all(order[-1] == 3 for order in orders)
