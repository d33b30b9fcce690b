"""Every family beside transformers, whose numbers are stored.

Logits to 1e-5 and gradients: losses do not tell a wrong theta.
"""

import dataclasses
import pathlib
import subprocess

import jax
import numpy as np
from public_checkpoints import (
  apart,
  architecture,
  gradients,
  logits,
  model_of,
  write_checkpoint,
)
import public_models
import pytest

from forgetting.config.rope import LayerKind
from forgetting.training import models
from forgetting.training.models import scanning, transformer
from forgetting.training.public import reading, writing

ROOT = pathlib.Path(__file__).parents[2]
TORCH = ROOT / ".venv-hf" / "bin" / "python"
PROGRAM = ROOT / "tests" / "public_models_torch.py"


@pytest.fixture(scope="module", autouse=True)
def scanned():
  """One copy of a layer to compile, not three."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(scanning, "unroll", lambda layers: 1)
    yield


@pytest.fixture(scope="module")
def stored():
  return np.load(public_models.FILE)


@pytest.fixture(scope="module")
def params_of(tmp_path_factory):
  root, kept = tmp_path_factory.mktemp("models"), {}

  def params(case: str):
    if case not in kept:
      folder = write_checkpoint(root / case, case)
      kept[case] = reading.load(folder, architecture(case))
    return kept[case]

  return params


@pytest.mark.parametrize("case", public_models.CONFIGS)
def test_logits_are_those_of_transformers(case, stored, params_of):
  found = logits(params_of(case), architecture(case))
  assert apart(found, stored[f"{case}/logits"]) < 1


@pytest.mark.slow
@pytest.mark.parametrize("case", public_models.CONFIGS)
def test_gradients_are_those_of_transformers(case, stored, params_of):
  found = gradients(params_of(case), architecture(case))
  names = str(stored[f"{case}/names"]).split("\n")
  found = {name.replace("embed_out", "lm_head"): x for name, x in found.items()}
  assert {*found} == {*names}
  for name, (size, along) in zip(
    names, stored[f"{case}/gradients"], strict=True
  ):
    mine = np.asarray(found[name], np.float64)
    there = (mine * public_models.direction(name, mine.shape)).sum()
    near = dict(rel=1e-4, abs=1e-4 * size + 1e-6)
    assert np.linalg.norm(mine) == pytest.approx(size, **near), name
    assert there == pytest.approx(along, **near), name


def _without(name: str):
  return lambda c: {name: None}


def _ropes(**changes):
  """All kinds of layer with other rotary positions."""

  def change(c):
    kinds = [
      dataclasses.replace(
        kind, rope=kind.rope and dataclasses.replace(kind.rope, **changes)
      )
      for kind in c.kinds
    ]
    return dict(kinds=tuple(kinds))

  return change


def _windows(more: int):
  def change(c):
    kinds = [
      dataclasses.replace(kind, window=kind.window and kind.window + more)
      for kind in c.kinds
    ]
    return dict(kinds=tuple(kinds))

  return change


def _plain(c) -> LayerKind:
  """A layer that sees all, turned as windowed ones are."""
  return LayerKind(rope=c.kinds[0].rope)


WRONG = [
  ("olmo", lambda c: dict(norm="rms")),
  ("llama", lambda c: dict(norm_eps=1e-6)),
  ("gemma", lambda c: dict(norm_offset=False)),
  ("gemma", lambda c: dict(scaled_embedding=False)),
  ("gpt_neox", lambda c: dict(placement="pre")),
  ("gpt_neox-serial", lambda c: dict(placement="parallel")),
  ("gptj", lambda c: dict(rotary_pairs="halves")),
  ("llama", lambda c: dict(rotary_pairs="neighbours")),
  ("gpt_neox", lambda c: dict(activation="gelu_tanh")),
  ("gpt2", lambda c: dict(activation="gelu")),
  ("llama", lambda c: dict(activation="gelu")),
  ("opt", lambda c: dict(activation="silu")),
  ("opt", lambda c: dict(position_offset=0)),
  ("qwen3", lambda c: dict(head_norm="none")),
  ("olmo", _without("clip")),
  ("gemma2", _without("attention_cap")),
  ("gemma2", _without("logit_cap")),
  ("gemma2", lambda c: dict(attention_scale=c.head_size**-0.5)),
  ("mistral", _windows(1)),
  ("mistral", _windows(-1)),
  ("llama-tied", _ropes(theta=1e4)),
  ("llama-3", _ropes(scaling="none")),
  ("llama-3", _ropes(factor=4.0)),
  ("llama-3", _ropes(high=3.0)),
  ("llama-linear", _ropes(scaling="none")),
  ("llama-yarn", _ropes(attention_factor=1.0)),
  ("llama-yarn", _ropes(beta_fast=32.0)),
  ("llama-yarn", _ropes(truncate=False)),
  ("phi3-long", _ropes(original_context=24)),
  ("phi3-short", _ropes(original_context=8)),
  ("gpt_neox", lambda c: dict(rotary_size=c.head_size)),
  ("gemma3", lambda c: dict(pattern=(0,) * c.layers)),
  ("olmo3", lambda c: dict(kinds=(c.kinds[0], _plain(c)))),
  ("smollm3", lambda c: dict(kinds=(c.kinds[0],) * 2)),
  ("opt-after", lambda c: dict(placement="pre")),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("case", "change"), WRONG)
def test_a_switch_that_is_wrong_is_seen(case, change, stored, params_of):
  """Ten times what is allowed, at least."""
  right = architecture(case)
  wrong = dataclasses.replace(right, **change(right))
  assert wrong != right
  found = logits(params_of(case), wrong)
  assert apart(found, stored[f"{case}/logits"]) > 10


def test_shapes_and_counts_are_those_of_the_parameters():
  for case in public_models.CONFIGS:
    c = architecture(case)
    fresh = writing.flat(models.init(model_of(c), seed=0))
    assert {path: x.shape for path, x in fresh.items()} == c.shapes
    assert sum(x.size for x in fresh.values()) == c.stored_params


@pytest.mark.slow
@pytest.mark.parametrize("case", ["gemma3", "opt-after"])
@pytest.mark.parametrize("remat", ["dots", "full"])
def test_rematerialised_layers_have_the_same_gradients(case, remat, params_of):
  c, params = architecture(case), params_of(case)
  kept = gradients(params, c)
  again = gradients(params, c, remat=remat)
  for name, gradient in kept.items():
    np.testing.assert_allclose(again[name], gradient, rtol=1e-4, atol=1e-6)


def test_frozen_weights_may_be_bfloat16(stored, params_of):
  """The source has them so: nothing is rounded."""
  half = jax.tree.map(
    lambda x: x.astype(jax.numpy.bfloat16), params_of("mistral")
  )
  found = logits(half, architecture("mistral"))
  assert apart(found, stored["mistral/logits"]) < 1


def test_what_decays_and_what_cudnn_fits():
  c = architecture("gemma2")
  half = model_of(c, dtype="bfloat16").numerics
  assert not transformer.fuses_attention(c, half)  # its scores are capped
  assert transformer.fuses_attention(architecture("mistral"), half)
  assert transformer.is_decayed("layers/q/kernel")
  assert not transformer.is_decayed("layers/q/bias")
  kept = [
    transformer.values_kept(c, model_of(c, remat=remat).numerics)
    for remat in ("full", "dots", "none")
  ]
  assert kept == sorted(kept)


@pytest.mark.slow
def test_transformers_gives_these_numbers_today(tmp_path, stored):
  """And takes what ours writes: weights equal in every bit, logits near."""
  if not TORCH.exists():
    pytest.skip("needs .venv-hf: make hf")
  again = tmp_path / "again.npz"
  subprocess.run([TORCH, PROGRAM, "store", again], check=True)
  for key, value in np.load(again).items():
    if key.endswith("logits"):
      np.testing.assert_allclose(value, stored[key], rtol=0, atol=1e-5)
  for i, case in enumerate(public_models.CONFIGS):
    source = write_checkpoint(
      tmp_path / "source" / case, case, shards=1 + i % 2
    )
    c = architecture(case)
    params = reading.load(source, c)
    out = tmp_path / "written" / case
    out.mkdir(parents=True)
    (out / "config.json").write_text((source / "config.json").read_text())
    writing.as_source(params, c, source=source, out=out)
    np.save(out / "logits.npy", stored[f"{case}/logits"])
  subprocess.run([TORCH, PROGRAM, "check", tmp_path / "written"], check=True)
