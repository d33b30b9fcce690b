"""A token at a time gives the logits of the whole sequence, in each family."""

import functools

import jax
import numpy as np
from public_checkpoints import (
  QUICK,
  apart,
  architecture,
  logits,
  model_of,
  write_checkpoint,
)
import public_models
import pytest

from forgetting.config import Model
from forgetting.training import losses, models, sampling
from forgetting.training.models import cached
from forgetting.training.public import reading

# windows, kinds of layers, caps; turned neighbours; learned positions and a
# projection; a scaling that depends on the length; norms behind
CASES = ("gemma2", "gemma3", "olmo3", "gptj", "opt-after", "phi3-long")


def step_by_step(params, tokens_BxL, model, **more):
  """float32 [B, L, V], by `cached.step` alone."""
  c, numerics = model.architecture, model.numerics
  layers = cached.layers_of(params, c, numerics)
  head = losses.head_of(params, model)

  def one(kept, inputs):
    position, tokens_B = inputs
    x, kept = cached.step(
      params,
      layers,
      tokens_B,
      position,
      kept,
      c=c,
      numerics=numerics,
      **more,
    )
    return kept, losses.logits(x, head, model)[:, 0, : c.vocab_size]

  rows, length = tokens_BxL.shape
  start = cached.empty(c, numerics, rows=rows, context=length)
  positions = np.arange(length, dtype=np.int32)
  _, out = jax.lax.scan(one, start, (positions, tokens_BxL.T))
  return out.swapaxes(0, 1)


def compiled(params, tokens, model):
  program = jax.jit(functools.partial(step_by_step, model=model))
  lowered = program.lower(params, tokens)
  return np.asarray(lowered.compile(compiler_options=QUICK)(params, tokens))


@pytest.mark.parametrize("case", CASES)
def test_logits_are_those_of_the_whole_sequence(case, tmp_path):
  c = architecture(case)
  params = reading.load(write_checkpoint(tmp_path / case, case), c)
  tokens = public_models.tokens()[:, :-1].astype(np.int32)
  found = compiled(params, tokens, model_of(c))[0]
  assert apart(found, logits(params, c)) < 1


def test_our_own_decoder_is_sampled_as_what_it_is():
  model = Model(layers=2, width=16, heads=2, context=12)
  params = models.init(model, seed=1)
  rng = np.random.default_rng(0)
  tokens = rng.integers(3, 259, (2, 12)).astype(np.int32)
  whole = jax.jit(functools.partial(losses.apply, model=model))(params, tokens)
  public, prepared = sampling.as_public(model)
  found = compiled(prepared(params), tokens, public)
  np.testing.assert_allclose(found, whole, rtol=0, atol=1e-5)
