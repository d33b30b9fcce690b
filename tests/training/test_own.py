import dataclasses
import functools

import jax
import numpy as np
from plain_model import PLAIN
from public_checkpoints import QUICK, apart

from forgetting.config.config_json import parse
from forgetting.config.transformer import PublicModel
from forgetting.training import losses, models
from forgetting.training.public import own


def logits(params, model, tokens) -> np.ndarray:
  apply = jax.jit(functools.partial(losses.apply, model=model))
  compiled = apply.lower(params, tokens).compile(compiler_options=QUICK)
  return np.asarray(compiled(params, tokens))


def test_a_llama_gives_what_our_decoder_gives():
  """With a vocabulary that is padded, and norms away from 1."""
  model = dataclasses.replace(PLAIN, layers=2)
  params = models.init(model, seed=0)
  draw = np.random.default_rng(0)
  norm = params["layers"]["mlp_norm"]
  norm["scale"] = draw.normal(1, 0.2, norm["scale"].shape).astype(np.float32)
  tokens = draw.integers(0, model.vocab_size, (2, model.context), np.int32)
  c = parse(own.config(model.architecture, context=model.context))
  theirs = PublicModel.of(c, context=model.context)
  as_llama = own.as_llama(params, model.architecture)
  found = logits(as_llama, theirs, tokens)
  assert apart(found, logits(params, model, tokens)) < 1
