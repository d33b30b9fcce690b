import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from plain_model import PLAIN, assert_near, batch_of, value_and_grad
import pytest

from forgetting.config import Model
from forgetting.training import losses as losses_lib
from forgetting.training import models
from forgetting.training import programs as programs_lib
from forgetting.training.models import scanning

MODELS = [
  Model(layers=1, width=16, heads=2, context=12, vocab_size=31),
  Model(layers=6, width=32, heads=4, context=12, vocab_size=31),
]


def tokens_of(model: Model, rows: int) -> np.ndarray:
  generator = np.random.default_rng(0)
  return generator.integers(0, model.vocab_size, (rows, model.context))


def logits(params, tokens, model: Model) -> np.ndarray:
  # anew for each call of a test: what it patches is compiled too
  apply = jax.jit(functools.partial(losses_lib.apply, model=model))
  return np.asarray(apply(params, tokens))


@pytest.mark.parametrize("model", MODELS)
def test_parameter_count_is_the_formula(model):
  params = models.init(model, seed=0)
  total = sum(leaf.size for leaf in jax.tree.leaves(params))
  assert total == model.total_params
  assert total - params["embed"]["embedding"].size == model.model_params


@pytest.mark.parametrize("model", MODELS)
def test_no_position_sees_a_later_token(model):
  params = models.init(model, seed=0)
  tokens = tokens_of(model, 2)
  changed = tokens.copy()
  changed[:, 7:] = (changed[:, 7:] + 1) % model.vocab_size
  before, after = (logits(params, x, model) for x in (tokens, changed))
  np.testing.assert_allclose(before[:, :7], after[:, :7], atol=1e-6)
  assert np.abs(before[:, 7:] - after[:, 7:]).max() > 1e-3


def test_every_earlier_token_is_seen():
  model = MODELS[1]
  params = models.init(model, seed=0)
  tokens = tokens_of(model, 1)
  last = logits(params, tokens, model)[0, -1]
  changed = np.repeat(tokens, model.context, axis=0)
  position = np.arange(model.context)  # one for each row
  changed[position, position] = (changed[position, position] + 1) % (
    model.vocab_size
  )
  moved = np.abs(logits(params, changed, model)[:, -1] - last).max(axis=1)
  assert (moved > 1e-5).all()


def test_scanned_and_unrolled_layers_agree(monkeypatch):
  model = MODELS[1]
  params, tokens = models.init(model, seed=0), tokens_of(model, 2)
  both = []
  for unroll in (1, model.layers):
    monkeypatch.setattr(scanning, "unroll", lambda _, u=unroll: u)
    both.append(logits(params, tokens, model))
  np.testing.assert_allclose(*both, atol=1e-5)


def test_a_fresh_model_knows_nothing():
  model = Model(layers=2, width=64, heads=2, context=64)
  tokens = tokens_of(model, 8)
  losses = losses_lib.token_losses(
    models.init(model, seed=0), tokens, np.roll(tokens, -1, 1), model=model
  )
  assert losses.shape == tokens.shape
  uniform = np.log(model.vocab_size)
  assert uniform < float(losses.mean()) < 1.5 * uniform


def test_loss_is_the_negative_log_likelihood():
  model = MODELS[0]
  params, tokens = models.init(model, seed=0), tokens_of(model, 3)
  targets = np.roll(tokens, -1, axis=1)
  z = logits(params, tokens, model).astype(np.float64)
  log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
  expected = -np.take_along_axis(log_p, targets[..., None], -1)[..., 0]
  found = losses_lib.token_losses(params, tokens, targets, model=model)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_seeds_mean_something():
  first, again, other = (
    models.init(MODELS[0], seed=seed) for seed in (0, 0, 1)
  )
  assert jax.tree.all(jax.tree.map(np.array_equal, first, again))
  assert not np.array_equal(
    first["embed"]["embedding"], other["embed"]["embedding"]
  )


@pytest.fixture
def params():
  return models.init(PLAIN, seed=0)


@pytest.mark.parametrize(
  ("layers", "remat"),
  [
    (1, "full"),
    pytest.param(5, "dots", marks=pytest.mark.slow),
  ],  # unrolled and scanned
)
def test_rematerialised_layers_have_the_same_gradients(remat, layers):
  model = dataclasses.replace(PLAIN, layers=layers)
  params, batch = models.init(model, seed=0), batch_of(model)
  expected = value_and_grad(model, params, batch)
  changed = dataclasses.replace(model, remat=remat)
  found = value_and_grad(changed, params, batch)
  assert_near(found, expected, rtol=1e-5)


@pytest.mark.slow
def test_rematerialised_layers_keep_less(params):
  def temporary(remat: str) -> int:
    model = dataclasses.replace(PLAIN, layers=6, remat=remat, vocab_size=64)
    step = programs_lib.compile_step(model, batch_size=8)
    return step.memory_analysis().temp_size_in_bytes

  none, dots, full = map(temporary, ("none", "dots", "full"))
  assert full < 0.9 * dots < 0.81 * none


def test_bfloat16_is_near_and_its_weights_stay_float32(params):
  batch = batch_of(PLAIN)
  half = dataclasses.replace(PLAIN, dtype="bfloat16")
  value, gradients = value_and_grad(half, params, batch)
  expected = value_and_grad(PLAIN, params, batch)
  assert value.dtype == jnp.float32
  assert {x.dtype for x in jax.tree.leaves(gradients)} == {np.dtype("float32")}
  np.testing.assert_allclose(value, expected[0], rtol=2e-3)
  assert_near(gradients, expected[1], rtol=0.06)
  text = jax.jit(
    functools.partial(losses_lib.weighted_sum, model=half)
  ).lower(params, batch).as_text()  # fmt: skip
  products = [line for line in text.splitlines() if "dot_general" in line]
  assert products and all("bf16" in line for line in products)
