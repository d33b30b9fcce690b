"""The clip and Adam of our own, against Optax's."""

from hypothesis import given, settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax

from forgetting.training import adam


def trees(seed: int, size: float) -> list[dict]:
  draw = np.random.default_rng(seed)
  return [
    dict(
      matrix=size * draw.normal(size=(3, 5)).astype(np.float32),
      scale=size * draw.normal(size=4).astype(np.float32),
    )
    for _ in range(4)
  ]


@given(
  seed=st.integers(0, 2**16),
  size=st.floats(1e-6, 1e6),
  most=st.floats(1e-3, 1e3),
  b1=st.floats(0.0, 0.99),
  b2=st.floats(0.5, 0.999),
)
@settings(max_examples=30, deadline=None)
def test_steps_are_optax_s(seed, size, most, b1, b2):
  b1, b2, most = np.float32(b1), np.float32(b2), np.float32(most)
  ours = optax.chain(adam.clip_by_global_norm(most), adam.scale_by_adam(b1, b2))
  theirs = optax.chain(
    optax.clip_by_global_norm(most), optax.scale_by_adam(b1, b2)
  )
  first, *_ = trees(seed, size)
  state, other = ours.init(first), theirs.init(first)
  assert jax.tree.structure(state) == jax.tree.structure(other)
  wholes = other
  # what rounds b^t in its last bit rounds 1 - b^t by that much of what is left
  correction = 2.0**-23 / (1 - max(b1, b2))
  for gradients in trees(seed, size):
    found, state = ours.update(gradients, state)
    expected, other = theirs.update(gradients, other)
    # a sum that comes out near nothing is as exact as what it is a sum of
    whole, wholes = theirs.update(jax.tree.map(np.abs, gradients), wholes)
    assert_close(found, expected, whole, 1e-6 + correction)
    assert_close(state, other, wholes, 1e-6)


def assert_close(found, expected, whole, part: float) -> None:
  """Two trees, each number within a part of its number in a third."""
  for a, b, most in zip(
    *map(jax.tree.leaves, (found, expected, whole)), strict=True
  ):
    np.testing.assert_array_less(np.abs(a - b), part * most + 1e-37)


def test_no_gradient_is_no_step():
  zeros = jax.tree.map(jnp.zeros_like, trees(0, 1.0)[0])
  clip = adam.clip_by_global_norm(1.0)
  found, _ = clip.update(zeros, clip.init(zeros))
  assert all((leaf == 0).all() for leaf in jax.tree.leaves(found))


def test_what_is_not_finite_is_not_hidden():
  broken = trees(0, 1.0)[0]
  broken["scale"][0] = np.nan
  clip = adam.clip_by_global_norm(1.0)
  found, _ = clip.update(broken, clip.init(broken))
  assert all(np.isnan(leaf).all() for leaf in jax.tree.leaves(found))
