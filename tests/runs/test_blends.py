"""Losses between base and best, against those of the run's curve."""

import dataclasses

import pytest
from small import options_in

from forgetting.config import LoRA
from forgetting.config.saves import Saves
from forgetting.runs import blends
from forgetting.runs.run import do_run
from forgetting.training.measuring import Measuring


@pytest.mark.parametrize("rank", [2])
def test_the_ends_are_base_and_best_as_the_curve_has_them(
  with_parent, finetuning, rank
):
  """Of adapters too: what is averaged are whole models.

  On other sequences than the curve's, averages and runs would be compared at
  target losses that differ by how hard the sequences are: .055 nats of one
  domain, where half of the gain was .16.
  """
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
  curve = directory.records()
  (best,) = (e for e in curve if e["step"] == result["best_step"])
  assert best["target_loss"] != pytest.approx(result["target_loss"], abs=1e-5)
  for loss in ("pretrain_loss", "target_loss"):
    assert points[0.0][loss] == pytest.approx(curve[0][loss], abs=1e-5)
    assert points[1.0][loss] == pytest.approx(best[loss], abs=1e-5)
  assert points[0.0]["forgetting"] == 0
  expected = best["pretrain_loss"] - curve[0]["pretrain_loss"]
  assert points[1.0]["forgetting"] == pytest.approx(expected, abs=1e-5)
  losses = [points[w / 10]["target_loss"] for w in range(11)]
  assert losses[5] < losses[0]  # half of the way has learnt something
  ends = found["largest"][0], found["largest"][-1]
  assert [end["kept"] for end in ends] == [0, 1]
  assert ends[1]["forgetting"] == points[1.0]["forgetting"]


def test_only_runs_that_are_asked_for_are_measured_in_their_order(
  with_parent, finetuning, monkeypatch
):
  options = options_in(with_parent, saves=Saves(best=True))
  tuned = [dataclasses.replace(finetuning, seed=seed) for seed in (1, 2, 3)]
  for run in tuned:
    do_run(run, options)
  measured, told = [], []
  monkeypatch.setattr(blends, "measure", lambda run, *_: measured.append(run))
  names = [tuned[2].name, "another", tuned[0].name]
  blends.measure_missing(options.study.path, names, told.append)
  assert measured == [tuned[2], tuned[0]]
  assert told[1] == f"{tuned[0].name}: base to best, 2 of 2"
