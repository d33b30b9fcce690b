import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax

from forgetting.config import Model, Optimizer
from forgetting.config.method import FULL
from forgetting.training import methods, models
from forgetting.training import optimizer as optimizer_lib
from forgetting.training.models import decoder
from forgetting.training.models.family import name_of
from forgetting.training.optimizer import Hyperparameters


@given(
  steps=st.integers(2, 500),
  warmup=st.integers(0, 50),
  peak=st.floats(1e-5, 1e-1),
)
@settings(max_examples=25, deadline=None)
def test_learning_rate_is_optax_warm_up_cosine(steps, warmup, peak):
  warmup = min(warmup, steps - 1)
  h = Hyperparameters(
    *map(np.float32, (peak, peak / 10, warmup, steps, 0.9, 0.95, 0.1, 1))
  )
  theirs = optax.warmup_cosine_decay_schedule(
    0.0 if warmup else peak, peak, warmup, steps, peak / 10
  )
  at = np.unique(np.linspace(0, steps, 9, dtype=int))
  np.testing.assert_allclose(
    [float(h.learning_rate(step)) for step in at],
    [float(theirs(step)) for step in at],
    rtol=2e-5,
  )


def test_traced_and_plain_learning_rates_agree(finetuning):
  h = Hyperparameters.of(finetuning)
  steps = np.arange(12, dtype=np.float32)
  traced = jax.jit(lambda s: h.learning_rate(s))(jnp.asarray(steps))
  np.testing.assert_allclose(traced, h.learning_rate(steps), rtol=1e-6)


def decayed(params):
  return jax.tree_util.tree_map_with_path(
    lambda path, _: decoder.is_decayed(name_of(path)), params
  )


def test_one_step_is_optax_adamw(finetuning):
  """The chain times -learning rate is optax.adamw behind a clip."""
  h = Hyperparameters.of(finetuning)
  params = models.init(finetuning.model, seed=0)
  keys = iter(range(100))
  gradients = jax.tree.map(
    lambda p: np.random.default_rng(next(keys)).normal(0, 1, p.shape), params
  )
  ours = optimizer_lib.make_optimizer(h, methods.of(FULL, finetuning.model))
  direction, _ = jax.jit(ours.update)(gradients, ours.init(params), params)
  o = finetuning.optimizer
  theirs = optax.chain(
    optax.clip_by_global_norm(o.clip_norm),
    optax.adamw(
      1.0,
      b1=o.b1,
      b2=o.b2,
      weight_decay=o.weight_decay,
      mask=decayed,
    ),
  )
  expected, _ = jax.jit(theirs.update)(gradients, theirs.init(params), params)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(-a, b, rtol=1e-4, atol=1e-6),
    direction,
    expected,
  )


def test_only_matrices_are_decayed():
  shapes = models.shapes(Model(layers=2, width=16, heads=2))
  matrices = decayed(shapes)
  layers = matrices["layers"]
  assert not layers["attention_norm"]["scale"]  # [layers, width]: two axes
  assert not matrices["final_norm"]["scale"]
  assert matrices["embed"]["embedding"]
  assert all(layers[name]["kernel"] for name in ("qkv", "out", "up", "down"))


def test_warm_up_longer_than_the_run_ends_with_it(finetuning):
  short = dataclasses.replace(
    finetuning,
    optimizer=dataclasses.replace(finetuning.optimizer, warmup_steps=99),
  )
  h = Hyperparameters.of(short)
  assert h.warmup_steps == short.steps
  assert h.learning_rate(short.steps) <= h.peak_lr


@given(
  steps=st.integers(2, 500),
  warmup=st.integers(0, 20),
  part=st.floats(0.01, 1),
)
@settings(max_examples=25, deadline=None)
def test_constant_and_wsd_schedules(steps, warmup, part):
  """Against warm-up, plateau and a line, written out."""
  warmup = min(warmup, steps - 1)
  wsd = Optimizer(peak_lr=1e-2, schedule="wsd", decay_part=part)
  h = Hyperparameters(*np.float32([1e-2, 1e-3, warmup, steps, 0, 0, 0, 1, 0]))
  # as the device has it: its last bit is 1e-5 of a fall of one step
  start = float(np.float32(max(wsd.decay_start(steps), warmup)))
  h = h._replace(decay_start=np.float32(start))
  at = np.unique(np.linspace(0, steps, 9, dtype=int))
  fall = max(steps - start, 1)
  expected = [
    1e-2 * step / warmup
    if step < warmup
    else 1e-2 - 9e-3 * max(step - start, 0) / fall
    for step in at
  ]
  found = [float(h.learning_rate(step)) for step in at]
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
  constant = Optimizer(peak_lr=1e-2, schedule="constant")
  flat = h._replace(decay_start=np.float32(constant.decay_start(steps)))
  assert {float(flat.learning_rate(s)) for s in range(warmup, steps + 1)} == {
    float(np.float32(1e-2))
  }


def test_muon_turns_matrices_and_leaves_the_rest_to_adam(finetuning):
  """Each layer's matrix by itself, to AdamW's size of a step."""
  method = methods.of(FULL, finetuning.model)
  params = models.init(finetuning.model, seed=0)
  draw = np.random.default_rng(0)
  gradients = jax.tree.map(
    lambda p: draw.normal(0, 1e-3, p.shape).astype(np.float32), params
  )
  h = Hyperparameters.of(finetuning)._replace(weight_decay=np.float32(0))
  ours = optimizer_lib.make_optimizer(h, method, "muon")
  direction, _ = jax.jit(ours.update)(gradients, ours.init(params), params)
  width = finetuning.model.width
  for layer in (0, 1):
    qkv = np.asarray(direction["layers"]["qkv"]["kernel"])[layer]
    sizes = np.linalg.svd(qkv.reshape(width, -1), compute_uv=False)
    scale = 0.2 * (3 * width) ** 0.5
    # five Newton-Schulz iterations bring them within about 0.7 to 1.2
    assert (sizes > 0.5 * scale).all() and (sizes < 1.4 * scale).all()
    turned = (qkv * gradients["layers"]["qkv"]["kernel"][layer]).sum()
    assert turned > 0  # the step subtracts it
  scales = direction["final_norm"]["scale"]
  np.testing.assert_allclose(np.abs(scales), 1, rtol=1e-2)  # Adam's first


def test_muon_s_matrices_have_a_rate_of_their_own(finetuning):
  """Their whole step, decay with it, is so many times as long."""
  method = methods.of(FULL, finetuning.model)
  params = models.init(finetuning.model, seed=0)
  draw = np.random.default_rng(0)
  gradients = jax.tree.map(
    lambda p: draw.normal(0, 1e-3, p.shape).astype(np.float32), params
  )
  muon = dataclasses.replace(
    finetuning.optimizer, kind="muon", matrix_ratio=3, weight_decay=0.5
  )
  h = Hyperparameters.of(dataclasses.replace(finetuning, optimizer=muon))
  one, three = (
    jax.jit(ours.update)(gradients, ours.init(params), params)[0]
    for ours in (
      optimizer_lib.make_optimizer(asked, method, "muon")
      for asked in (h._replace(matrix_ratio=np.float32(1)), h)
    )
  )
  for path, ratio in (("layers", 3), ("embed", 1), ("final_norm", 1)):
    own, slow = three[path], one[path]
    if path == "layers":
      own, slow = own["qkv"]["kernel"], slow["qkv"]["kernel"]
    jax.tree.map(
      lambda a, b, r=ratio: np.testing.assert_allclose(a, r * b, rtol=1e-5),
      own,
      slow,
    )
