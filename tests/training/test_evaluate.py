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
