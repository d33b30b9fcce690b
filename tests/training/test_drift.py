import dataclasses

import jax
import numpy as np
from plain_model import PLAIN
import pytest

from forgetting.config import Full, LoRA
from forgetting.training import divergence, models
from forgetting.training.evaluate import per_example
from forgetting.training.programs import compile_programs

MODEL = dataclasses.replace(PLAIN, vocab_size=40)


@pytest.mark.parametrize("method", [Full(), LoRA(rank=2)])
def test_it_is_the_way_from_base_in_words_and_in_weights(method):
  programs = compile_programs(MODEL, batch_size=4, method=method)
  bound, params = programs.method, models.init(MODEL, seed=0)
  draw = np.random.default_rng(0)
  start = bound.trained(params)
  now = jax.tree.map(
    lambda x: x + draw.normal(0, 0.05, x.shape).astype(np.float32), start
  )
  frozen = programs.place(bound.frozen(params))
  chunks = draw.integers(0, 40, (5, MODEL.context + 1), np.int32)
  weights = draw.integers(0, 2, (5, MODEL.context)).astype(np.float32)
  found = per_example(
    programs.drift.divergences, (now, start), frozen, chunks, weights
  )
  changed = bound.merged(now, frozen)
  nats = divergence.token_divergences(
    changed, params, chunks[:, :-1], model=MODEL
  )
  expected = (nats * weights).sum(1) / weights.sum(1)
  np.testing.assert_allclose(found, expected, rtol=1e-3)
  assert (found > 1e-4).all()
  way, size = (
    np.concatenate([np.ravel(x) for x in jax.tree.leaves(tree)])
    for tree in (
      jax.tree.map(lambda a, b: a - b, changed, params),
      params,
    )
  )
  distance = programs.drift.distance(now, start, frozen)
  np.testing.assert_allclose(
    distance, np.linalg.norm(way) / np.linalg.norm(size), rtol=1e-5
  )
  assert float(programs.drift.distance(start, start, frozen)) == 0
