import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forgetting.training.models import adapters


def drawn(rows: int, inputs: int = 12, outputs: int = 20, rank: int = 3):
  draw = np.random.default_rng(0)
  shapes = ((2, rows, inputs), (inputs, outputs), (inputs, rank))
  return tuple(
    draw.normal(size=shape).astype(np.float32)
    for shape in (*shapes, (rank, outputs))
  )


# in few rows the adapter is a product of its own, in many part of the matrix
@pytest.mark.parametrize("rows", [2, 50])
def test_it_is_the_kernel_and_its_adapter_with_their_gradients(rows):
  operands = drawn(rows)

  def expected(x, kernel, a, b):
    return x @ kernel + (x @ a) @ b

  def squares(of):
    return lambda *operands: jnp.square(of(*operands)).sum()

  every = tuple(range(4))
  found = jax.grad(squares(adapters.dense), every)(*operands)
  with jax.default_matmul_precision("highest"):
    y = expected(*operands)
    asked = jax.grad(squares(expected), every)(*operands)
  np.testing.assert_allclose(adapters.dense(*operands), y, rtol=1e-4, atol=1e-5)
  for one, other in zip(found, asked, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-3)


def test_it_reads_and_writes_several_axes():
  draw = np.random.default_rng(0)
  x, kernel, a, b = (
    draw.normal(size=shape).astype(np.float32)
    for shape in ((2, 5, 3, 4), (3, 4, 2, 7), (3, 4, 2), (2, 2, 7))
  )
  expected = np.einsum("blhk,hkcd->blcd", x, kernel)
  expected += np.einsum("blhk,hkr,rcd->blcd", x, a, b)
  found = adapters.dense(x, kernel, a, b)
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rows", [2, 50])
def test_an_adapter_of_zeros_changes_no_bit(rows):
  x, kernel, a, b = drawn(rows)
  y = jax.jit(adapters.dense)(x, kernel, a, 0 * b)
  alone = jax.jit(jnp.dot)(x.reshape(-1, 12), kernel)
  np.testing.assert_array_equal(y, alone.reshape(y.shape))


def test_a_small_change_of_large_weights_is_not_lost_in_short_numbers():
  x = jnp.ones((100, 2), jnp.bfloat16)
  kernel = jnp.array([[1024.0], [-1024.0]], jnp.bfloat16)
  a, b = jnp.full((2, 1), 0.25), jnp.ones((1, 1))
  y = adapters.dense(x, kernel, a, b)
  assert y.dtype == jnp.bfloat16
  np.testing.assert_array_equal(y, np.full((100, 1), 0.5))


def test_no_sum_of_matrices_is_kept_for_the_gradients():
  x, kernel, a, b = drawn(50)
  _, pull = jax.vjp(lambda a, b: adapters.dense(x, kernel, a, b), a, b)
  wide = [kept for kept in jax.tree.leaves(pull) if kept.shape == kernel.shape]
  assert len(wide) == 1
  np.testing.assert_array_equal(wide[0], kernel)
