"""The product that a model trains through, as fast as XLA:CPU has it.

Shapes: T rows, I inputs, O outputs.
"""

import functools
import math

import jax
import jax.numpy as jnp


def dense(x, kernel, axes: int = 1):
  """The last axes of x by the first of a kernel.

  Args:
    x: [..., I...].
    kernel: [I..., O...], of the same type.
    axes: how many axes I has.

  Returns:
    [..., O...].
  """
  if jax.default_backend() != "cpu":
    inner = range(x.ndim - axes, x.ndim), range(axes)
    return jax.lax.dot_general(x, kernel, (inner, ((), ())))
  # DenseGeneral's contraction of several axes XLA:CPU trains at two thirds of
  # the speed: the gradients of a product of matrices stay products of matrices
  inputs = math.prod(kernel.shape[:axes])
  y_TxO = _product(x.reshape(-1, inputs), kernel.reshape(inputs, -1))
  return y_TxO.reshape(x.shape[:-axes] + kernel.shape[axes:])


@jax.custom_vjp
def _product(x_TxI, kernel_IxO):
  return jnp.dot(x_TxI, kernel_IxO)


def _gradients(operands, slope_TxO):
  x_TxI, kernel_IxO = operands
  slope_TxI = jax.lax.dot_general(
    slope_TxO, kernel_IxO, (((1,), (1,)), ((), ()))
  )
  return slope_TxI, outer(x_TxI, slope_TxO)


_product.defvjp(lambda x, kernel: (jnp.dot(x, kernel), (x, kernel)), _gradients)


def outer(x, y, dtype=None):
  """x' y over all rows: the gradient of a matrix.

  XLA:CPU contracts first axes at 30 to 45 GFLOP/s where a product of a
  transposed copy reaches 60 to 70 (AVX2, one core). The narrower of the two is
  copied, and barriers keep the copy from being made part of the product.

  Args:
    x, y: [..., I] and [..., O]; rows that belong together.
    dtype: of the result; theirs by default.

  Returns:
    [I, O].
  """
  if jax.default_backend() != "cpu":
    rows = range(x.ndim - 1)
    return jax.lax.dot_general(
      x, y, ((rows, rows), ((), ())), preferred_element_type=dtype
    )
  hold = jax.lax.optimization_barrier
  product = functools.partial(jnp.dot, preferred_element_type=dtype)
  x_TxI, y_TxO = (z.reshape(-1, z.shape[-1]) for z in (x, y))
  if x_TxI.shape[1] <= y_TxO.shape[1]:
    return product(hold(x_TxI.T), y_TxO)
  return hold(product(hold(y_TxO.T), x_TxI)).T


def outer_each(x, y):
  """x' y over the rows of each pair of matrices, in float32: see `outer`.

  Args:
    x, y: [..., T, I], the narrower as a rule, and [..., T, O].

  Returns:
    [..., I, O].
  """
  columns = x.swapaxes(-1, -2)
  if jax.default_backend() != "cpu":
    return jnp.matmul(columns, y, preferred_element_type=jnp.float32)
  hold = jax.lax.optimization_barrier
  product = jnp.matmul(hold(columns), y, preferred_element_type=jnp.float32)
  return hold(product)
