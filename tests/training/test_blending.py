from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np

from forgetting.training import blending

DRAW = np.random.default_rng(0)
BASE, BEST = (
  {"a": DRAW.normal(size=(3, 4)).astype(np.float32),
   "b": {"c": DRAW.normal(size=8).astype(np.float32)}}
  for _ in range(2)
)  # fmt: skip


def flat(params):
  return np.concatenate([params["a"].ravel(), params["b"]["c"]])


def test_the_ends_of_averaging_are_base_and_best_bit_for_bit():
  for weight, end in ((0.0, BASE), (1.0, BEST)):
    found = blending.averaged(BASE, BEST, weight)
    np.testing.assert_array_equal(flat(found), flat(end))
  middle = flat(blending.averaged(BASE, BEST, 0.5))
  np.testing.assert_allclose(middle, (flat(BASE) + flat(BEST)) / 2, rtol=1e-5)
  assert len(blending.WEIGHTS) == 11


@settings(max_examples=30, deadline=None)
@given(kept=st.floats(0.01, 1))
def test_the_largest_changes_are_best_s_and_the_rest_is_base(kept):
  found = flat(blending.with_largest(BASE, BEST, kept))
  base, best = flat(BASE), flat(BEST)
  taken = found == best
  assert taken.sum() == max(round(kept * 20), 1)
  np.testing.assert_array_equal(found[~taken], base[~taken])
  sizes = np.abs(best - base)
  assert sizes[taken].min() > sizes[~taken].max(initial=0)
