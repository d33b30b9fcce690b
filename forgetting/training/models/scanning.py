"""How a stack of equal layers is put into a program: as a loop, or unrolled."""

import jax


def unroll(layers: int) -> int:
  """Copies of the block in the program.

  XLA:CPU runs a shallow stack faster unrolled and a deep one far faster
  scanned. A GPU is slowed by the scan's copies (jax-ml/jax#24411); a dozen
  layers at a time bound what is compiled. A rule, not a probe, so that a rerun
  gives the same bits.

  Args:
    layers: of the stack.
  """
  if jax.default_backend() == "gpu":
    return min(layers, 12)
  return layers if layers <= 4 else 1


def kept_by(remat: str):
  """What the layers keep for their gradients, as a policy of jax.checkpoint.

  Args:
    remat: dots or full, as of `Numerics`.
  """
  policies = jax.checkpoint_policies
  return dict(
    dots=policies.dots_with_no_batch_dims_saveable,
    full=policies.nothing_saveable,
  )[remat]
