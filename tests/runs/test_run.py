"""One run, from its config to its result."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from small import options_in

from forgetting import records
from forgetting.config import (
  EWC,
  KL,
  L2SP,
  Freeze,
  InputError,
  LoRA,
  Optimizer,
)
from forgetting.config.method import FULL
from forgetting.config.saves import Saves
from forgetting.runs.run import do_run
from forgetting.runs.starts import Starts, load_params
from forgetting.storage import claims
from forgetting.training import models
from forgetting.training.loop import Interrupted


def refuse(constant: str):
  raise AssertionError(f"found {constant}, which is no JSON")


def test_a_run_is_done_once_and_then_read(with_parent, finetuning):
  options = options_in(with_parent)
  directory = options.study.of(finetuning)
  result = do_run(finetuning, options)
  assert result["status"] == "done" and result["executor"] == "test"
  assert directory.result() == json.loads(json.dumps(result))
  assert not directory.checkpoints.exists()
  stamp = (directory.path / "result.json").stat().st_mtime_ns
  assert do_run(finetuning, options) == directory.result()
  assert (directory.path / "result.json").stat().st_mtime_ns == stamp


def test_a_process_that_does_several_runs_measures_the_same(
  with_parent, finetuning
):
  """Whether their parent's parameters are read or kept."""
  runs = [finetuning, dataclasses.replace(finetuning, injection=0)]
  starts, options = Starts(), options_in(with_parent)
  together = [do_run(run, options, starts=starts) for run in runs]
  alone = options_in(with_parent, "alone")
  parent = options.study.of(finetuning.parent).path
  alone.study.path.mkdir()
  alone.study.of(finetuning.parent).path.symlink_to(parent)
  for run, shared in zip(runs, together, strict=True):
    own = do_run(run, alone)
    for column in (*records.LOSSES, "best_step"):
      assert shared[column] == own[column]


def test_a_run_that_diverges_leaves_numbers_or_null(with_parent, finetuning):
  wild = dataclasses.replace(
    finetuning, optimizer=Optimizer(peak_lr=1e30, warmup_steps=0)
  )
  options = options_in(with_parent)
  assert do_run(wild, options)["status"] == "diverged"
  directory = options.study.of(wild)
  lines = (directory.path / "records.jsonl").read_text().splitlines()
  for text in (*lines, (directory.path / "result.json").read_text()):
    json.loads(text, parse_constant=refuse)
  last = directory.records()[-1]
  assert None in (last["pretrain_loss"], last["target_loss"])
  curves = records.curves(with_parent / "toy")
  assert curves.target_loss.dtype == float
  assert not np.isfinite(curves[curves.run == wild.name].target_loss).all()


def test_a_stopped_run_saves_and_goes_on(with_parent, finetuning):
  asked = iter([False] * 4 + [True])
  options = options_in(with_parent, saves=Saves(best=True))
  stopped = dataclasses.replace(options, stop=lambda: next(asked))
  with pytest.raises(Interrupted, match="stopped at step 4"):
    do_run(finetuning, stopped)
  directory = options.study.of(finetuning)
  assert not directory.done and directory.checkpoints.exists()
  result = do_run(finetuning, options)
  assert result["restarts"] == 1
  assert result["seconds"]["earlier attempts"] > 0
  assert directory.best.exists()


def test_what_is_not_there_or_anothers_is_refused(with_parent, finetuning):
  options = options_in(with_parent)
  orphan = dataclasses.replace(
    finetuning, parent=dataclasses.replace(finetuning.parent, seed=9)
  )
  with pytest.raises(InputError):
    do_run(orphan, options)
  directory = options.study.of(finetuning)
  directory.create(finetuning)
  with claims.claimed(directory.path, finetuning.name):
    with pytest.raises(claims.Held, match="is doing it"):
      do_run(finetuning, options)


@pytest.mark.parametrize(
  "method",
  [
    LoRA(rank=2),
    *(
      pytest.param(method, marks=pytest.mark.slow)
      for method in (
        Freeze(parts=("embeddings",), layers=1),
        L2SP(strength=0.1),
        EWC(strength=1, sequences=8),
        KL(strength=0.5, where="target"),
        KL(strength=0.5, where="injected"),
      )
    ),
  ],
)
def test_a_run_by_any_method_starts_at_base_and_resumes_bit_for_bit(
  with_parent, finetuning, method
):
  """Stopped in the middle it ends as if it had not been."""
  starts, options = Starts(), options_in(with_parent, saves=Saves(best=True))
  plain = do_run(finetuning, options, starts=starts)
  run = dataclasses.replace(finetuning, method=method)
  asked = iter([False] * 4 + [True])
  stopped = dataclasses.replace(options, stop=lambda: next(asked))
  with pytest.raises(Interrupted):
    do_run(run, stopped, starts=starts)
  result = do_run(run, options)  # as another process would
  assert result["method"] == method.word
  # evaluation of base without anything trained is step 0
  base = [name for name in result if name.startswith("base_")]
  assert [result[name] for name in base] == [plain[name] for name in base]
  assert result["pretrain_loss"] != plain["pretrain_loss"]
  whole = options_in(with_parent, "whole", saves=Saves(best=True))
  whole.study.path.mkdir()
  parent = options.study.of(finetuning.parent).path
  whole.study.of(finetuning.parent).path.symlink_to(parent)
  at_once = do_run(run, whole)
  losses = [name for name in result if name.endswith(("_loss", "_error"))]
  assert [result[name] for name in losses] == [at_once[name] for name in losses]
  one, other = (
    jax.tree.map(np.asarray, load_params(where.study.of(run), run))
    for where in (options, whole)
  )
  jax.tree.map(np.testing.assert_array_equal, one, other)
  # what is kept is the whole model, whatever of it was trained
  assert jax.tree.map(np.shape, one) == jax.tree.map(
    lambda x: x.shape, models.shapes(run.model)
  )


@pytest.mark.parametrize("method", [FULL, LoRA(rank=2)])
def test_a_fine_tuning_starts_from_anothers_best(
  with_parent, finetuning, text, method
):
  first = dataclasses.replace(finetuning, method=method)
  second = dataclasses.replace(first, domain=text["poems"], parent=first)
  saves = Saves(parents=(first.name,))
  starts, options = Starts(), options_in(with_parent, saves=saves)
  before = do_run(first, options, starts=starts)
  after = do_run(second, options, starts=starts)
  assert after["pretrain_loss"] != before["pretrain_loss"]
  one, other = (options.study.of(run).examples() for run in (first, second))
  # adapters are merged before another run starts from them
  exact = 0 if method == FULL else 1e-6
  np.testing.assert_allclose(other["base"], one["best"], rtol=exact)
  assert not options.study.of(second).best.exists()


def test_a_parent_whose_best_is_not_kept_is_told(with_parent, finetuning, text):
  second = dataclasses.replace(
    finetuning, domain=text["poems"], parent=finetuning
  )
  options = options_in(with_parent)
  do_run(finetuning, options)
  with pytest.raises(InputError, match="kept with --keep-best"):
    do_run(second, options)
