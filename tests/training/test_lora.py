"""Low-rank adapters: beside the matrices, added to them, alone in training."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from plain_model import PLAIN, assert_near, batch_of
from public_checkpoints import architecture, model_of
import public_models
import pytest

from forgetting.config import InputError, LoRA
from forgetting.training import losses, methods, models
from forgetting.training.models import decoder, transformer
from forgetting.training.models.family import kind_of
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import compile_programs

MODEL = dataclasses.replace(PLAIN, layers=2, vocab_size=40)
H = Hyperparameters(*np.float32([1e-2, 1e-2, 0, 10, 0.9, 0.95, 0.5, 1e9]))


@pytest.fixture(scope="module")
def params():
  return models.init(MODEL, seed=0)


def moved(method, params):
  """Adapters that make a difference, and what is beside them."""
  draw = np.random.default_rng(0)
  trained = jax.tree.map(
    lambda x: draw.normal(0, 0.1, x.shape).astype(np.float32),
    method.trained(params),
  )
  return trained, method.frozen(params)


def logits(params):
  tokens = batch_of(MODEL)["tokens_BxL"]
  return jax.jit(losses.apply, static_argnames="model")(
    params, tokens, model=MODEL
  )


def test_at_the_start_the_model_is_base_bit_for_bit(params):
  method = methods.of(LoRA(rank=4), MODEL)
  start = method.merge(method.trained(params, seed=3), method.frozen(params))
  np.testing.assert_array_equal(logits(start), logits(params))


@pytest.mark.parametrize(
  "lora",
  [
    LoRA(rank=4),
    LoRA(rank=4, rslora=True, alpha=2),
    LoRA(rank=1, targets=("out", "layers/up")),
  ],
)
def test_beside_the_matrices_is_as_added_to_them(params, lora):
  method = methods.of(lora, MODEL)
  trained, frozen = moved(method, params)
  beside = logits(method.merge(trained, frozen))
  added = logits(method.merged(trained, frozen))
  np.testing.assert_allclose(beside, added, atol=1e-5)
  assert np.abs(beside - logits(params)).max() > 0.1


def test_the_scale_is_alpha_over_the_rank_or_its_root(params):
  """Against the product written out for one layer."""
  for lora, scale in (
    (LoRA(rank=4, alpha=6, targets=("up",)), 1.5),
    (LoRA(rank=4, alpha=6, rslora=True, targets=("up",)), 3.0),
  ):
    method = methods.of(lora, MODEL)
    trained, frozen = moved(method, params)
    up = trained["layers"]["up"]
    a, b = up["kernel_lora_a"][1], up["kernel_lora_b"][1]
    found = method.merged(trained, frozen)["layers"]["up"]["kernel"][1]
    expected = params["layers"]["up"]["kernel"][1] + scale * a @ b
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_is_uniform_by_its_inputs_of_its_seed_and_one_for_fused_matrices(
  params,
):
  method = methods.of(LoRA(rank=64), MODEL)
  qkv = method.trained(params, seed=1)["layers"]["qkv"]
  a = qkv["kernel_lora_a"]
  assert a.shape == (2, 32, 64) and a.dtype == np.float32
  assert qkv["kernel_lora_b"].shape == (2, 64, 3, 2, 16)
  bound = 32**-0.5
  assert np.abs(a).max() <= bound
  np.testing.assert_allclose(a.std(), bound / 3**0.5, rtol=0.05)
  out = method.trained(params)["layers"]["out"]
  assert out["kernel_lora_a"].shape == (2, 2, 16, 64)
  other = method.trained(params, seed=2)["layers"]["qkv"]["kernel_lora_a"]
  assert not np.array_equal(a, other)


def test_its_gradients_are_those_of_the_sum(params):
  method, batch = methods.of(LoRA(rank=4), MODEL), batch_of(MODEL)
  trained, frozen = moved(method, params)

  def by(merge):
    @jax.jit
    def loss(trained):
      return losses.weighted_sum(merge(trained, frozen), batch, model=MODEL)

    return jax.grad(loss)(trained)

  assert_near(by(method.merge), by(method.merged), rtol=2e-5)


def test_a_family_that_reads_no_adapters_is_given_sums(params, monkeypatch):
  method = methods.of(LoRA(rank=4), MODEL)
  trained, frozen = moved(method, params)
  monkeypatch.setattr(decoder, "ADAPTS", False)
  found = method.merge(trained, frozen)
  assert jax.tree.structure(found) == jax.tree.structure(params)
  expected = method.merged(trained, frozen)
  jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_a_step_moves_adapters_alone_and_decays_none(params):
  """At the start B is zero: A has no slope, and decay would move it."""
  programs = compile_programs(MODEL, batch_size=4, method=LoRA(rank=4))
  method = programs.method
  trained, frozen = method.trained(params), method.frozen(params)
  placed = programs.place(frozen)
  state, _ = programs.train(
    programs.init_state(trained), placed, batch_of(MODEL), H
  )
  up = state["params"]["layers"]["up"]
  assert set(up) == {"kernel_lora_a", "kernel_lora_b"}
  np.testing.assert_array_equal(
    up["kernel_lora_a"], trained["layers"]["up"]["kernel_lora_a"]
  )
  assert np.abs(up["kernel_lora_b"]).max() > 1e-3
  jax.tree.map(np.testing.assert_array_equal, placed, params)
  # two moments a trained parameter, none of the base's
  sizes = [x.size for x in jax.tree.leaves(state["optimizer"]) if x.ndim]
  assert sum(sizes) == 2 * sum(x.size for x in jax.tree.leaves(trained))


def test_the_base_may_be_bfloat16_and_the_adapters_stay_float32(params):
  method = methods.of(LoRA(rank=4, base="bfloat16"), MODEL)
  frozen = method.frozen(params)
  assert {x.dtype for x in jax.tree.leaves(frozen)} == {jnp.dtype("bfloat16")}
  trained = method.trained(params)
  assert {x.dtype for x in jax.tree.leaves(trained)} == {np.dtype("float32")}
  start = logits(method.merge(trained, frozen))
  rounded = jax.tree.map(lambda x: x.astype(jnp.float32), frozen)
  np.testing.assert_allclose(start, logits(rounded), atol=1e-5)
  programs = compile_programs(
    MODEL, batch_size=4, method=LoRA(rank=4, base="bfloat16")
  )
  _, metrics = programs.train(
    programs.init_state(trained), programs.place(frozen), batch_of(MODEL), H
  )
  assert np.isfinite(float(metrics.loss))


def test_a_name_that_the_model_does_not_have_lists_those_it_has():
  with pytest.raises(InputError) as error:
    methods.of(LoRA(rank=4, targets=("q_proj",)), MODEL)
  assert str(error.value) == (
    "LoRA.targets: found 'q_proj', expected matrices of the model:"
    " layers/down, layers/out, layers/qkv, layers/up"
  )


def test_matrices_that_are_one_in_the_files_have_one_a(params, monkeypatch):
  group = ("layers/up/kernel", "layers/qkv/kernel")  # as if; both read D
  monkeypatch.setattr(decoder, "fused", lambda architecture: (group,))
  method = methods.of(LoRA(rank=4), MODEL)
  trained, frozen = moved(method, params)
  layers = trained["layers"]
  assert set(layers["qkv"]) == {"kernel_lora_b"}
  factors = method.factors(trained)
  assert factors[group[0]][0] is factors[group[1]][0]
  beside = logits(method.merge(trained, frozen))
  added = logits(method.merged(trained, frozen))
  np.testing.assert_allclose(beside, added, atol=1e-5)


@pytest.mark.parametrize("case", public_models.CONFIGS)
def test_every_parameter_of_a_public_family_has_a_kind(case):
  c = architecture(case)
  method = methods.of(LoRA(rank=2), model_of(c))
  kinds = {path: kind_of(path, transformer.KINDS) for path in c.shapes}
  for path, kind in kinds.items():
    assert kind.layered == path.startswith("layers/"), path
    assert (kind.part == "matrices") == path.endswith("kernel"), path
  adapted = {path for path in kinds if path.startswith("layers/")}
  assert {*method.targets()} == {p for p in adapted if p.endswith("kernel")}
  groups = transformer.fused(c)
  shared = {method.reads(path) for group in groups for path in group}
  assert len(shared) == len(groups)


def test_a_public_model_is_adapted_as_the_sum_says():
  """gpt2, whose queries, keys and values are one matrix in its files."""
  case = next(c for c in public_models.CONFIGS if c.startswith("gpt2"))
  model = model_of(architecture(case))
  method = methods.of(LoRA(rank=2), model)
  trained, frozen = moved(method, models.init(model, seed=0))
  assert "kernel_lora_a" not in trained["layers"]["k"]
  tokens = public_models.tokens()[:, :-1].astype(np.int32)
  apply = jax.jit(functools.partial(losses.apply, model=model))
  beside = apply(method.merge(trained, frozen), tokens)
  added = apply(method.merged(trained, frozen), tokens)
  np.testing.assert_allclose(beside, added, atol=2e-5)
