"""Attention by blocks of queries, and gradients of its own."""

from hypothesis import given
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
from plain_model import assert_near
import pytest

from forgetting.training.models import attention, attention_blocks

WINDOWS = (None, 3)


def inputs(dtype=np.float32, length: int = 8):
  """Queries of two heads each, keys and values: B 2, G 2, K 4."""
  draw = np.random.default_rng(0)
  q = draw.normal(size=(2, 2, 2, length, 4))
  k, v = draw.normal(size=(2, 2, 2, length, 4))
  return [jnp.asarray(x, dtype) for x in (q, k, v)]


def plain(q, k, v, seen, cap):
  """The same as JAX differentiates it, all keys at once."""
  scores = jnp.einsum("bgrnk,bgmk->bgrnm", q, k)
  if cap is not None:
    scores = cap * jnp.tanh(scores / cap)
  weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf))
  return jnp.einsum("bgrnm,bgmk->bgrnk", weights, v)


def values_and_gradients(attend, arrays, *rest):
  def loss(*arrays):
    return (attend(*arrays, *rest).astype(jnp.float32) ** 3).sum()

  return jax.value_and_grad(loss, argnums=(0, 1, 2))(*arrays)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("cap", [None, 0.5])
@pytest.mark.parametrize("blocks", [1, 2, 4])
@pytest.mark.parametrize("backend", ["cpu", "tpu"])  # the products differ
def test_gradients_are_those_of_the_formula(
  monkeypatch, window, cap, blocks, backend
):
  monkeypatch.setattr(attention_blocks, "blocks", lambda length: blocks)
  monkeypatch.setattr(jax, "default_backend", lambda: backend)
  seen = attention._seen(8, (window,), 0)
  found = values_and_gradients(attention_blocks.attend, inputs(), seen, cap)
  expected = values_and_gradients(plain, inputs(), seen, cap)
  assert_near(found, expected, rtol=1e-5)


@pytest.mark.parametrize("kind", [0, 1])
def test_a_traced_mask_a_fleet_and_what_is_computed_again(monkeypatch, kind):
  monkeypatch.setattr(attention_blocks, "blocks", lambda length: 2)
  q, k, v = inputs()

  @jax.jit
  def found(kind, q, k, v):
    def one(q, k, v):
      seen = attention._seen(8, WINDOWS, kind)
      again = jax.checkpoint(lambda *x: attention_blocks.attend(*x, seen, None))
      return values_and_gradients(again, (q, k, v))

    return jax.vmap(one)(q, k, v)

  fleet = [jnp.stack([x, 2 * x]) for x in (q, k, v)]
  seen = attention._seen(8, (WINDOWS[kind],), 0)
  each = [
    values_and_gradients(plain, [n * x for x in (q, k, v)], seen, None)
    for n in (1, 2)
  ]
  expected = jax.tree.map(lambda *x: jnp.stack(x), *each)
  assert_near(found(kind, *fleet), expected, rtol=1e-5)


def test_short_numbers_are_added_up_in_float32():
  """What JAX makes of the formula in float32 is met within bfloat16's steps."""
  seen = attention._seen(8, (None,), 0)
  arrays = inputs(jnp.bfloat16)
  value, found = values_and_gradients(
    attention_blocks.attend, arrays, seen, None
  )
  wide = [x.astype(jnp.float32) for x in arrays]
  expected, slopes = values_and_gradients(plain, wide, seen, None)
  assert value == pytest.approx(float(expected), rel=0.02)
  for a, b in zip(found, slopes, strict=True):
    assert a.dtype == jnp.bfloat16
    error = jnp.abs(a.astype(jnp.float32) - b).max()
    assert error < 0.02 * jnp.abs(b).max()


def test_what_nobody_sees_changes_nothing():
  """However large the score of a key to come: no gradient is NaN."""
  q, k, v = inputs()
  seen = attention._seen(8, (None,), 0)

  def early(q, k, v):
    return attention_blocks.attend(q, k, v, seen, None)[:, :, :, :-1]

  late = k.at[:, :, -1].mul(1e30)
  np.testing.assert_array_equal(early(q, late, v), early(q, k, v))
  _, slopes = values_and_gradients(early, (q, late, v))
  assert all(np.isfinite(slope).all() for slope in slopes)


@given(st.integers(1, 4096))
def test_a_block_has_64_queries_or_is_the_only_one(length):
  blocks = attention_blocks.blocks(length)
  assert blocks <= 4
  assert length % blocks == 0
  assert blocks == 1 or length // blocks >= 64
  assert blocks > 1 or length < 128 or length % 2
