"""The loss in parts, padded and in 16 bits, against the plain one."""

import dataclasses
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from plain_model import PLAIN, ROWS, assert_near, batch_of, value_and_grad
import pytest

from forgetting.config import Model
from forgetting.training import losses as losses_lib
from forgetting.training import models


class Wide(NamedTuple):
  """Numerics that no run may have."""

  dtype: str = "float64"
  remat: str = "none"


@dataclasses.dataclass(frozen=True, kw_only=True)
class InFloat64(Model):
  @property
  def numerics(self) -> Wide:
    return Wide()


@pytest.fixture
def params():
  return models.init(PLAIN, seed=0)


@pytest.mark.parametrize("parts", [6])
def test_a_loss_in_parts_is_the_loss(params, monkeypatch, parts):
  """In float64, where both paths are the same to rounding."""
  batch = batch_of(PLAIN)
  with jax.enable_x64(True):
    wide = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), params)
    model_dtype = InFloat64(**dataclasses.asdict(PLAIN))
    monkeypatch.setattr(jnp, "float32", jnp.float64)
    expected = value_and_grad(model_dtype, wide, batch)
    at_once = losses_lib.token_losses(
      wide, batch["tokens_BxL"], batch["targets_BxL"], model=model_dtype
    )
    most = ROWS * PLAIN.padded_vocab_size * PLAIN.context / parts
    monkeypatch.setattr(losses_lib, "MOST_LOGITS", most)
    assert losses_lib.parts_of((ROWS, PLAIN.context), PLAIN) == parts
    found = value_and_grad(model_dtype, wide, batch)
    each = losses_lib.token_losses(
      wide, batch["tokens_BxL"], batch["targets_BxL"], model=model_dtype
    )
  assert_near(found, expected, rtol=1e-11)
  assert_near(each, at_once, rtol=1e-11)


def test_no_logits_of_the_whole_batch_are_held(params, monkeypatch):
  """Found in the compiler's own count of temporary memory."""
  batch = batch_of(PLAIN, 32)

  def temporary() -> int:
    loss = functools.partial(losses_lib.weighted_sum, model=PLAIN)
    lowered = jax.jit(jax.grad(loss)).lower(params, batch)
    return lowered.compile().memory_analysis().temp_size_in_bytes

  logits = 32 * PLAIN.context * PLAIN.padded_vocab_size * 4
  at_once = temporary()
  assert at_once > logits
  monkeypatch.setattr(losses_lib, "MOST_LOGITS", logits / 4 / 12)
  assert temporary() < at_once - 0.75 * logits


def test_padding_is_never_predicted_and_never_counted(params):
  assert PLAIN.padded_vocab_size == 2176
  table = params["embed"]["embedding"]
  assert table.shape == (2176, 32)
  assert PLAIN.total_params == PLAIN.model_params + 2100 * 32
  batch = batch_of(PLAIN)
  before = value_and_grad(PLAIN, params, batch)
  table[2100:] = 1e3  # would win every softmax
  value, gradients = value_and_grad(PLAIN, params, batch)
  assert value == before[0]
  assert not np.asarray(gradients["embed"]["embedding"])[2100:].any()
  logits = losses_lib.apply(params, batch["tokens_BxL"], model=PLAIN)
  assert logits.shape == (ROWS, PLAIN.context, 2100)
  total = jax.nn.softmax(logits).sum(-1)
  np.testing.assert_allclose(total, 1, rtol=1e-5)


def test_small_vocabularies_are_not_padded():
  assert Model(layers=1, width=16, heads=2).padded_vocab_size == 259


@pytest.mark.slow
def test_bfloat16_in_parts_is_bfloat16_at_once(params, monkeypatch):
  batch, half = batch_of(PLAIN), dataclasses.replace(PLAIN, dtype="bfloat16")
  expected = value_and_grad(half, params, batch)
  monkeypatch.setattr(losses_lib, "MOST_LOGITS", 1)
  assert_near(value_and_grad(half, params, batch), expected, rtol=0.02)
