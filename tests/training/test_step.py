"""One step: its loss, its parts, its method."""

import dataclasses

import numpy as np
import plain_model
from plain_model import PLAIN, ROWS
import pytest
from toy_training import batch_of

from forgetting.config import Optimizer, Run
from forgetting.training import losses as losses_lib
from forgetting.training import (
  models,
)
from forgetting.training import programs as programs_lib
from forgetting.training.optimizer import Hyperparameters


def test_weights_choose_the_targets_that_count(finetuning, programs, params):
  """The loss is the mean over weighted targets, not over all of them."""
  from forgetting.training.optimizer import Hyperparameters

  batch = batch_of(finetuning)
  losses = np.asarray(
    losses_lib.token_losses(
      params, batch["tokens_BxL"], batch["targets_BxL"],
      model=finetuning.model,
    )
  )  # fmt: skip
  batch["weights_BxL"][:, ::3] = 0
  batch["weights_BxL"][0] = 0
  state = programs.init_state(params)
  _, metrics = programs.train(
    state, {}, programs.put(batch), Hyperparameters.of(finetuning)
  )
  expected = np.average(losses, weights=batch["weights_BxL"])
  np.testing.assert_allclose(metrics.loss, expected, rtol=1e-5)


def test_one_batch_can_be_learnt_by_heart(finetuning, programs, params):
  from forgetting.training.optimizer import Hyperparameters

  run = dataclasses.replace(
    finetuning, steps=200, optimizer=Optimizer(peak_lr=1e-2)
  )
  state = programs.init_state(params)
  batch = programs.put(batch_of(run))
  for _ in range(run.steps):
    state, metrics = programs.train(state, {}, batch, Hyperparameters.of(run))
  assert float(metrics.loss) < 1.5  # of random bytes: ln 256 = 5.5
  assert int(state["step"]) == run.steps


@pytest.mark.slow
@pytest.mark.parametrize("parts", [2])
def test_a_batch_in_parts_trains_like_the_whole(parts):
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
    state = programs.init_state(models.init(PLAIN, seed=0))
    batch = programs.put(plain_model.batch_of(PLAIN))
    for _ in range(run.steps):
      state, metrics = programs.train(state, {}, batch, Hyperparameters.of(run))
    out.append((metrics.loss, metrics.gradient_norm))
  np.testing.assert_allclose(*out, rtol=2e-5)
