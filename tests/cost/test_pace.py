"""How long runs will take, by a measured rate."""

import dataclasses
import subprocess

import pytest

from forgetting.cost import pace
from forgetting.cost.dry_run import evaluation_flops


def test_runs_take_their_flops_at_the_rate_of_their_width(
  finetuning, monkeypatch
):
  wide = dataclasses.replace(finetuning.model, width=32)
  parent = dataclasses.replace(finetuning.parent, model=wide)
  other = dataclasses.replace(finetuning, model=wide, parent=parent)
  rates = {finetuning.model.width: 1e9, 32: 2e9}
  asked = []

  def rate(width: int) -> float:
    asked.append(width)
    return rates[width]

  monkeypatch.setattr(pace, "_of_one_core", rate)
  runs = [finetuning, finetuning, other]
  expected = sum(
    (run.flops + evaluation_flops(run)) / rates[run.model.width] / pace.REACHED
    for run in runs
  )
  assert pace.seconds(runs, cores=1) == pytest.approx(expected)
  assert asked == [finetuning.model.width, 32]  # each once
  # one run cannot be shared
  assert pace.seconds([other], cores=8) == pace.seconds([other], cores=1)


def test_the_rate_is_measured_in_a_process_of_its_own(finetuning):
  assert 1e7 < pace._of_one_core(16) < 1e13


def test_a_machine_that_cannot_be_measured_has_no_estimate(
  finetuning, monkeypatch
):
  failed = subprocess.CompletedProcess([], 1, stdout="")
  monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
  assert pace.seconds([finetuning], cores=2) is None
