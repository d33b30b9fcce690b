"""Adapters of low rank, as a family reads them beside its matrices.

Beside a matrix `kernel` its factors are `kernel_lora_a` [*in, r] and
`kernel_lora_b` [r, *out], which is scaled; stacked over the layers where it is.
"""

import numpy as np

A, B = "_lora_a", "_lora_b"  # what follows the name of the matrix


def product(x, a, b):
  """(x A) B, as plain products in the numbers of x.

  Args:
    x: [..., *in].
    a: [*in, r].
    b: [r, *out].

  Returns:
    [..., *out], of the dtype of x.
  """
  rank, axes = a.shape[-1], a.ndim - 1
  inputs = int(np.prod(a.shape[:-1]))
  lead = x.shape[: x.ndim - axes]
  low = x.reshape(-1, inputs) @ a.reshape(inputs, rank).astype(x.dtype)
  high = low @ b.reshape(rank, -1).astype(x.dtype)
  return high.reshape(*lead, *b.shape[1:])
