"""Losses between base and best, against those of the run's result."""

import dataclasses

import pytest
from small import options_in

from forgetting.config import LoRA
from forgetting.config.saves import Saves
from forgetting.runs import blends
from forgetting.runs.run import do_run
from forgetting.training.measuring import Measuring


@pytest.mark.parametrize("rank", [2])
def test_the_ends_are_base_and_best_as_the_result_has_them(
  with_parent, finetuning, rank
):
  """Of adapters too: what is averaged are whole models."""
  run = dataclasses.replace(finetuning, method=LoRA(rank=rank))
  options = options_in(with_parent, saves=Saves(best=True))
  directory = options.study.of(run)
  assert not blends.kept(run, directory)
  result = do_run(run, options)
  assert blends.kept(run, directory)
  found = blends.measure(run, options.study, Measuring.of(run.model))
  assert directory.blends() == found
  points = {point["weight"]: point for point in found["averaging"]}
  assert len(points) == 11
  for loss in ("pretrain_loss", "target_loss"):
    assert points[0.0][loss] == pytest.approx(result[f"base_{loss}"], abs=1e-5)
    assert points[1.0][loss] == pytest.approx(result[loss], abs=1e-5)
  assert points[0.0]["forgetting"] == 0
  expected = result["pretrain_loss"] - result["base_pretrain_loss"]
  assert points[1.0]["forgetting"] == pytest.approx(expected, abs=1e-5)
  losses = [points[w / 10]["target_loss"] for w in range(11)]
  assert losses[5] < losses[0]  # half of the way has learnt something
  assert found["largest"][0]["kept"] == 0.5
