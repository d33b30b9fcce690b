"""The loop: what a run measures, when it stops, and how it goes on."""

import dataclasses

import numpy as np
import pytest
from toy_training import same, train

from forgetting.config import Optimizer
from forgetting.config.saves import Saves
from forgetting.records import RunDirectory
from forgetting.runs import text as run_text
from forgetting.training import (
  loop,
)
from forgetting.training.checkpoint import Checkpoints


def test_stops_when_the_target_loss_has_turned(
  cache, finetuning, tmp_path, programs, params
):
  eager = dataclasses.replace(
    finetuning,
    target_tokens_asked=32,
    injection=0,
    steps=400,
    optimizer=Optimizer(peak_lr=3e-2),
    evaluation=dataclasses.replace(
      finetuning.evaluation, points=40, patience=3
    ),
  )
  result = train(eager, tmp_path, programs, params)
  assert result["stop_reason"] == "target loss turned"
  records = RunDirectory.of(tmp_path, "toy", eager).records()
  assert len(records) - 1 - 3 == [r["step"] for r in records].index(
    result["best_step"]
  )


def test_a_run_that_diverges_on_the_way_stops_there(
  cache, finetuning, tmp_path, programs, params
):
  """Not at its next evaluation, and without asking the device each step."""
  from forgetting.training.watch import BEHIND

  wild = dataclasses.replace(
    finetuning,
    steps=200,
    optimizer=Optimizer(peak_lr=1e30, warmup_steps=0),
    evaluation=dataclasses.replace(finetuning.evaluation, points=1),
  )
  result = train(wild, tmp_path, programs, params)
  assert result["status"] == "diverged"
  # which of the two overflows first is the machine's own
  assert "nan" in result["stop_reason"] or "inf" in result["stop_reason"]
  assert "expected finite ones" in result["stop_reason"]
  assert result["steps"] <= BEHIND + 3


def test_divergence_is_a_result_with_a_reason(
  cache, finetuning, tmp_path, programs, params
):
  params["embed"]["embedding"][:] = np.nan
  result = train(finetuning, tmp_path, programs, params)
  assert result["status"] == "diverged"
  assert "nan at step 0, expected finite" in result["stop_reason"]


def test_weights_that_are_broken_before_training_are_no_learning_rate(
  cache, finetuning, tmp_path, programs, params
):
  params["embed"]["embedding"][:] = np.nan
  told = train(finetuning, tmp_path, programs, params)["stop_reason"]
  assert f"the weights of {finetuning.parent.name} that it" in told
  assert "peak_lr" not in told
  fresh = train(finetuning.parent, tmp_path, programs, params)["stop_reason"]
  assert fresh.startswith("found pretrain_loss nan at step 0, expected")
  assert "nothing was trained yet: the weights that it starts from" in fresh


@pytest.mark.parametrize("stop_at", [1, 4, 9])
def test_interrupted_and_resumed_equals_uninterrupted(
  cache, finetuning, tmp_path, programs, params, stop_at
):
  """Bit for bit: losses, the curve, per-example losses and parameters."""
  run = dataclasses.replace(finetuning.parent, steps=10)
  for each in (run, finetuning):
    whole = train(each, tmp_path, programs, params, study="whole")
    asked = iter(range(100))
    with pytest.raises(loop.Interrupted):
      train(
        each,
        tmp_path,
        programs,
        params,
        study="cut",
        stop=lambda a=asked: next(a) == stop_at,
      )
    resumed = train(each, tmp_path, programs, params, study="cut")
    timings = ("seconds",)
    assert {k: v for k, v in whole.items() if k not in timings} == {
      k: v for k, v in resumed.items() if k not in timings
    }
    one, two = (RunDirectory.of(tmp_path, s, each) for s in ("whole", "cut"))
    assert [
      {k: v for k, v in r.items() if k not in timings} for r in one.records()
    ] == [
      {k: v for k, v in r.items() if k not in timings} for r in two.records()
    ]
    np.testing.assert_array_equal(
      one.examples()["best"], two.examples()["best"]
    )
  where = dict(
    shapes=programs.shapes["params"], shardings=programs.shardings["params"]
  )
  final = []
  for study in ("whole", "cut"):
    directory = RunDirectory.of(tmp_path, study, run)
    with Checkpoints(directory.checkpoints) as checkpoints:
      assert checkpoints.latest_step == 10
      final.append(checkpoints.load_params(**where))
  assert same(*final)


def test_a_save_after_new_batches_keeps_the_place_in_those(
  cache, finetuning, tmp_path, programs, params, monkeypatch
):
  """What a replay that has measured its pool draws from then on."""
  saved, mixture = {}, run_text.mixture_of(finetuning)
  monkeypatch.setattr(
    Checkpoints,
    "save",
    lambda self, state, *, best_params, batches: saved.update(
      {int(state["step"]): batches}
    ),
  )
  renewed = mixture.batches(3, finetuning.steps)
  train(
    finetuning,
    tmp_path,
    programs,
    params,
    saves=Saves(every=2),
    renew=lambda step, state: renewed if step == 3 else None,
  )
  assert saved[2] is not renewed
  assert saved[4] is saved[6] is saved[8] is renewed
