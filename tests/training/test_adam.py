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
  for gradients in trees(seed, size):
    found, state = ours.update(gradients, state)
    expected, other = theirs.update(gradients, other)
    for a, b in zip(
      jax.tree.leaves((found, state)),
      jax.tree.leaves((expected, other)),
      strict=True,
    ):
      np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-37)


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
