"""Shorter pretrainings are earlier checkpoints of the longest."""

import dataclasses
import pathlib

import numpy as np

from forgetting.config.study_file import load_study
from forgetting.runs import text as run_text
from forgetting.training.optimizer import Hyperparameters

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def parents():
  study = load_study(str(CONFIGS / "along_pretraining.py"))
  return [run for run in study.ordered() if run.parent is None]


def test_the_learning_rate_does_not_know_how_long_a_pretraining_is():
  *_, longest = found = parents()
  assert [run.steps for run in found] == [250, 500, 1000, 2000]
  for run in found:
    for step in (1, 50, 99, run.steps - 1):
      rates = [
        Hyperparameters.of(one).learning_rate(np.float32(step))
        for one in (run, longest)
      ]
      assert rates[0] == rates[1] > 0


def test_nor_do_its_batches(finetuning, prepared_cache, monkeypatch):
  monkeypatch.setenv("FORGETTING_CACHE", str(prepared_cache))
  short = finetuning.parent
  longer = dataclasses.replace(short, steps=3 * short.steps)
  both = [
    [*run_text.mixture_of(run).batches(0, short.steps)]
    for run in (short, longer)
  ]
  assert len(both[0]) == len(both[1]) == short.steps
  for one, other in zip(*both, strict=True):
    for left, right in zip(one, other, strict=True):
      np.testing.assert_array_equal(left, right)
