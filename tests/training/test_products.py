"""Products with gradients of our own, against NumPy's in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forgetting.training.models import products

BACKENDS = ("cpu", "tpu")  # both compute here: only the formulation differs


def normal(*shape):
  return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
  ("inputs", "outputs"), [((3,), (5,)), ((5,), (2, 2, 2)), ((2, 4), (3,))]
)
def test_products_and_their_gradients(monkeypatch, backend, inputs, outputs):
  monkeypatch.setattr(jax, "default_backend", lambda: backend)
  x, kernel = normal(2, 3, *inputs), normal(*inputs, *outputs)
  slope = normal(2, 3, *outputs)
  axes = len(inputs)

  def loss(x, kernel):
    return (products.dense(x, kernel, axes) * slope).sum()

  found = jax.grad(loss, argnums=(0, 1))(x, kernel)
  wide = [z.astype(np.float64) for z in (x, kernel, slope)]
  np.testing.assert_allclose(
    products.dense(x, kernel, axes),
    np.tensordot(wide[0], wide[1], axes),
    rtol=1e-5,
    atol=1e-6,
  )
  of_outputs = tuple(range(2, 2 + len(outputs)))
  of_kernel = tuple(range(axes, axes + len(outputs)))
  np.testing.assert_allclose(
    found[0],
    np.tensordot(wide[2], wide[1], (of_outputs, of_kernel)),
    rtol=1e-5,
    atol=1e-6,
  )
  np.testing.assert_allclose(
    found[1], np.tensordot(wide[0], wide[2], ((0, 1), (0, 1))), rtol=1e-5,
    atol=1e-6,
  )  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("inputs", "outputs"), [(3, 5), (5, 3)])
def test_a_gradient_is_as_wide_as_is_asked(
  monkeypatch, backend, inputs, outputs
):
  monkeypatch.setattr(jax, "default_backend", lambda: backend)
  x, y = (jnp.asarray(normal(2, 4, n), jnp.bfloat16) for n in (inputs, outputs))
  found = products.outer(x, y, jnp.float32)
  wide = [np.asarray(z, np.float64) for z in (x, y)]
  assert found.dtype == jnp.float32
  assert products.outer(x, y).dtype == jnp.bfloat16
  expected = np.tensordot(*wide, ((0, 1), (0, 1)))
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_what_is_frozen_costs_no_product():
  """As the base of an adapter: its gradient is no part of the program."""
  x, kernel = normal(8, 16), normal(16, 4)

  def loss(x, kernel):
    return (products.dense(x, kernel) ** 2).sum()

  def turns_rows(argnums) -> bool:
    grad = jax.jit(jax.grad(loss, argnums))
    text = grad.lower(x, kernel).compile().as_text()
    return "f32[4,8]" in text or "f32[16,8]" in text

  assert turns_rows((0, 1))
  assert not turns_rows((0,))
