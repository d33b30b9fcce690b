"""Losses of fixed sequences, however many are measured at once."""

import jax
import numpy as np
import pytest
from toy_training import chunks_of

from forgetting.training import (
  evaluate,
)
from forgetting.training import losses as losses_lib


def test_loss_does_not_depend_on_the_evaluation_batch(
  finetuning, programs, params
):
  chunks = chunks_of(finetuning, 45)
  weights = np.ones((45, finetuning.model.context), np.float32)
  whole = evaluate.per_example(programs.losses, params, {}, chunks, weights)
  assert whole.shape == (45,) and whole.dtype == np.float32
  for rows in (1, 7, 32):
    part = evaluate.per_example(
      programs.losses, params, {}, chunks[:rows], weights[:rows]
    )
    np.testing.assert_array_equal(part, whole[:rows])
  one_batch = losses_lib.token_losses(
    params, chunks[:, :-1], chunks[:, 1:], model=finetuning.model
  ).mean(axis=1)
  np.testing.assert_allclose(whole, one_batch, rtol=2e-6)


@pytest.mark.parametrize("micro", [1, 4, 16, 32])
def test_loss_does_not_depend_on_how_many_are_measured_at_once(
  finetuning, programs, params, micro, monkeypatch
):
  chunks = chunks_of(finetuning, 45)
  weights = np.ones((45, finetuning.model.context), np.float32)
  expected = evaluate.per_example(programs.losses, params, {}, chunks, weights)
  monkeypatch.setattr(evaluate, "ON_CPU", micro)

  def losses(params, base, chunks, weights):
    return evaluate.block_losses(
      params, chunks, weights, model=finetuning.model
    )

  block = (params, {}, chunks[:32], weights[:32])
  program = jax.jit(losses).lower(*block).compile()
  found = evaluate.per_example(program, params, {}, chunks, weights)
  np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("rows", "calls"), [(1, 1), (8, 1), (9, 2), (40, 5)])
def test_what_fills_a_block_up_is_not_computed(rows, calls):
  chunks = np.tile(np.arange(rows)[:, None], 6).astype(np.int32)
  weights = np.ones((rows, 5), np.float32)
  counted = []

  def of_tokens(tokens_MxL, targets_MxL):
    jax.debug.callback(lambda x: counted.append(len(x)), tokens_MxL)
    return targets_MxL.astype(np.float32)

  def losses(params, frozen, chunks, weights):
    return evaluate.block_means(of_tokens, chunks, weights)

  block = (np.zeros((32, 6), np.int32), np.zeros((32, 5), np.float32))
  program = jax.jit(losses).lower({}, {}, *block).compile()
  found = evaluate.per_example(program, {}, {}, chunks, weights)
  jax.effects_barrier()
  np.testing.assert_array_equal(found, np.arange(rows))
  assert counted == [evaluate.ON_CPU] * calls
