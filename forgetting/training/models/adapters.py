"""Adapters of low rank, as a family reads them beside its matrices.

Beside a matrix `kernel` [I..., O...] its factors are `kernel_lora_a` [I..., r]
and `kernel_lora_b` [r, O...], which is scaled; stacked over the layers where it
is.

Shapes: T rows, I inputs, O outputs, r the rank.
"""

import math

import jax
import jax.numpy as jnp

from forgetting.training.models import products

A, B = "_lora_a", "_lora_b"  # what follows the name of the matrix


def dense(x, kernel, a, b):
  """The last axes of x by a kernel and its adapter.

  x (W + A B) where rows are so many that the sum costs less than products
  beside W, and numbers such that a small change of a large weight is not lost;
  else x W + (x A) B.

  Args:
    x: [..., I...].
    kernel: [I..., O...], of the type of x.
    a, b: float32 [I..., r] and [r, O...].

  Returns:
    [..., O...], of the type of x.
  """
  axes, rank = a.ndim - 1, a.shape[-1]
  inputs, outputs = math.prod(a.shape[:-1]), math.prod(b.shape[1:])
  operands = (
    x.reshape(-1, inputs),
    kernel.reshape(inputs, outputs),
    a.reshape(inputs, rank),
    b.reshape(rank, outputs),
  )
  many = len(operands[0]) * (inputs + outputs) > inputs * outputs
  by = _of_sum if x.dtype == jnp.float32 and many else _beside
  return by(*operands).reshape(x.shape[: x.ndim - axes] + b.shape[1:])


def _beside(x_TxI, kernel_IxO, a_Ixr, b_rxO):
  low_Txr = x_TxI @ a_Ixr.astype(x_TxI.dtype)
  return products.dense(x_TxI, kernel_IxO) + low_Txr @ b_rxO.astype(x_TxI.dtype)


@jax.custom_vjp
def _of_sum(x_TxI, kernel_IxO, a_Ixr, b_rxO):
  return x_TxI @ (kernel_IxO + a_Ixr @ b_rxO)


def _kept(x_TxI, kernel_IxO, a_Ixr, b_rxO):
  # the sum is made again for the gradients: kept, it is as large as the weights
  y_TxO = x_TxI @ (kernel_IxO + a_Ixr @ b_rxO)
  return y_TxO, (x_TxI, kernel_IxO, a_Ixr, b_rxO)


def _gradients(operands, slope_TxO):
  x_TxI, kernel_IxO, a_Ixr, b_rxO = operands
  # as products of rows: XLA:CPU makes their transposed ones at a tenth of the
  # speed where it sees that those are wanted
  low_Txr, slope_Txr = jax.lax.optimization_barrier(
    (x_TxI @ a_Ixr, slope_TxO @ b_rxO.T)
  )
  return (
    slope_TxO @ (kernel_IxO + a_Ixr @ b_rxO).T,
    # asked for by nothing that keeps its kernels frozen, and then not computed
    products.outer(x_TxI, slope_TxO),
    products.outer(x_TxI, slope_Txr),
    products.outer(low_Txr, slope_TxO),
  )


_of_sum.defvjp(_kept, _gradients)
