"""The least change of a head does what was done to the head."""

import jax
import numpy as np
import pytest
import tiny_checkpoint

from forgetting.runs import sides
from forgetting.training import head_change, models
from forgetting.training import losses as losses_lib


@pytest.fixture
def model_and_params(tmp_path):
  path = tiny_checkpoint.write(tmp_path / "model", tie_word_embeddings=False)
  side = sides.side(str(path))
  return side.model, side.load()


def losses(params, chunks, weights, model):
  found = losses_lib.token_losses(
    params, chunks[:, :-1], chunks[:, 1:], model=model
  )
  return (np.asarray(found) * weights).sum(1) / weights.sum(1)


def test_a_tuned_head_is_forecast_exactly(model_and_params):
  model, params = model_and_params
  generator = np.random.default_rng(0)
  chunks = generator.integers(0, 256, (19, model.context + 1), np.int32)
  weights = np.ones((19, model.context), np.float32)
  weights[3, :9] = weights[12, 20:] = 0
  head = losses_lib.head_of(params, model).matrix_VxD
  moved = np.asarray(head) + 0.5 * generator.normal(size=head.shape)
  tuned = jax.tree.map(
    lambda leaf: np.float32(moved) if leaf is head else leaf, params
  )
  assert losses_lib.head_of(tuned, model).matrix_VxD is not head
  own, rest = slice(0, 9), slice(9, None)
  change = head_change.fitted(
    params, tuned, chunks[own], weights[own], model=model
  )
  found = head_change.rises(
    params, change, chunks[rest], weights[rest], model=model
  )
  true = losses(tuned, chunks, weights, model) - losses(
    params, chunks, weights, model
  )
  assert np.abs(true[rest]).max() > 0.05
  np.testing.assert_allclose(found, true[rest], atol=1e-3)


def test_no_change_raises_nothing(model_and_params):
  model, params = model_and_params
  chunks = np.tile(np.arange(model.context + 1, dtype=np.int32), (3, 1))
  weights = np.ones((3, model.context), np.float32)
  change = head_change.fitted(params, params, chunks, weights, model=model)
  assert not change.any()
  assert not head_change.rises(
    params, change, chunks, weights, model=model
  ).any()
  assert change.shape == (16, model.vocab_size)
  assert models.of(model).head(params).shape[0] >= model.vocab_size
