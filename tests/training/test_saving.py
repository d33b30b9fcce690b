import numpy as np
import pytest
from toy_training import train

from forgetting.config import InputError
from forgetting.config.saves import Saves
from forgetting.records import RunDirectory
from forgetting.runs.evaluators import evaluator_of
from forgetting.runs.starts import load_params
from forgetting.training import (
  saving,
)


def test_saving_on_the_way_changes_nothing(
  cache, finetuning, tmp_path, programs, params
):
  plain = train(finetuning, tmp_path, programs, params, study="plain")
  every = Saves(every=3, best=True)
  saved = train(
    finetuning, tmp_path, programs, params, study="saved", saves=every
  )
  assert plain["pretrain_loss"] == saved["pretrain_loss"]
  directory = RunDirectory.of(tmp_path, "saved", finetuning)
  steps = sorted(int(p.name) for p in directory.checkpoints.iterdir())
  assert steps == [6, 9]
  best = load_params(directory, finetuning)
  measured = evaluator_of(finetuning, programs).full(best)
  np.testing.assert_array_equal(measured.pretrain, directory.examples()["best"])
  with pytest.raises(InputError, match="found no parameters, expected those"):
    load_params(RunDirectory.of(tmp_path, "plain", finetuning), finetuning)


def test_a_run_is_saved_every_so_often(
  cache, finetuning, tmp_path, programs, params, monkeypatch
):
  monkeypatch.setattr(saving, "SECONDS", 0.0)
  train(finetuning, tmp_path, programs, params)
  saved = RunDirectory.of(tmp_path, "toy", finetuning).checkpoints
  assert sorted(int(p.name) for p in saved.iterdir()) == [8, 9]
