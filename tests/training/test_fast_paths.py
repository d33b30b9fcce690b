"""Each fast path of the step against the plain one."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forgetting.config import InputError, Model, Optimizer, Run
from forgetting.config import model as model_config
from forgetting.training import losses as losses_lib
from forgetting.training import models
from forgetting.training import programs as programs_lib
from forgetting.training.models import decoder
from forgetting.training.optimizer import Hyperparameters

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


@pytest.fixture
def params():
  return models.init(PLAIN, seed=0)


@pytest.mark.parametrize("parts", [6])
def test_a_loss_in_parts_is_the_loss(params, monkeypatch, parts):
  """In float64, where both paths are the same to rounding."""
  batch = batch_of(PLAIN)
  with jax.enable_x64(True):
    wide = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), params)
    monkeypatch.setattr(model_config, "DTYPES", ("float64",))
    model_dtype = dataclasses.replace(PLAIN, dtype="float64")
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


@pytest.mark.slow
def test_bfloat16_in_parts_is_bfloat16_at_once(params, monkeypatch):
  batch, half = batch_of(PLAIN), dataclasses.replace(PLAIN, dtype="bfloat16")
  expected = value_and_grad(half, params, batch)
  monkeypatch.setattr(losses_lib, "MOST_LOGITS", 1)
  assert_near(value_and_grad(half, params, batch), expected, rtol=0.02)


def test_both_attentions_agree():
  draw = np.random.default_rng(0)
  q, k, v = draw.normal(size=(3, 2, 24, 2, 16)).astype(np.float32)

  def loss(attention, *qkv):
    return (attention(*qkv) * v).sum()

  for attend in (decoder._fused_attention, decoder._attention):
    assert attend(q, k, v).shape == (2, 24, 2, 16)
  one, two = (
    jax.value_and_grad(functools.partial(loss, attend), argnums=(0, 1, 2))(
      q, k, v
    )
    for attend in (decoder._fused_attention, decoder._attention)
  )
  assert_near(one, two, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("parts", [2])
def test_a_batch_in_parts_trains_like_the_whole(params, parts):
  run = Run(
    model=PLAIN,
    optimizer=Optimizer(peak_lr=1e-2),
    steps=3,
    batch_size=ROWS,
    pretraining=("a",),
    injection=1,
  )
  out = []
  for micro_batches in (1, parts):
    programs = programs_lib.compile_programs(
      PLAIN, batch_size=ROWS, micro_batches=micro_batches
    )
    state = programs.init_state(params)
    batch = programs.put(batch_of(PLAIN))
    for _ in range(run.steps):
      state, metrics = programs.train(state, {}, batch, Hyperparameters.of(run))
    out.append((metrics.loss, metrics.gradient_norm))
  np.testing.assert_allclose(*out, rtol=2e-5)


def test_what_is_not_known_is_refused():
  with pytest.raises(InputError, match="Model.remat: found 'some'"):
    dataclasses.replace(PLAIN, remat="some")
  with pytest.raises(InputError, match="Model.dtype: found 'float16'"):
    dataclasses.replace(PLAIN, dtype="float16")
