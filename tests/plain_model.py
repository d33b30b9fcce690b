"""A small model, a batch for it, and its gradients by JAX alone."""

import functools

import jax
import numpy as np

from forgetting.config import Model
from forgetting.training import losses as losses_lib

PLAIN = Model(layers=1, width=32, heads=2, context=24, vocab_size=2100)
ROWS = 4


def batch_of(model: Model, rows: int = ROWS) -> dict[str, np.ndarray]:
  draw = np.random.default_rng(0)
  shape = (rows, model.context)
  return dict(
    tokens_BxL=draw.integers(0, model.vocab_size, shape, np.int32),
    targets_BxL=draw.integers(0, model.vocab_size, shape, np.int32),
    weights_BxL=draw.integers(0, 2, shape).astype(np.float32),
  )


def value_and_grad(model: Model, params, batch):
  @jax.jit
  def both(params):
    loss = functools.partial(losses_lib.weighted_sum, model=model)
    return jax.value_and_grad(loss)(params, batch)

  return both(params)


def assert_near(found, expected, *, rtol: float):
  """Of every leaf, by its largest element."""

  def leaf(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max())

  jax.tree.map(leaf, found, expected)
