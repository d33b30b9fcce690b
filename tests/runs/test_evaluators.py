"""What runs are measured on: held-out text, and a pool that is replayed."""

import dataclasses

import numpy as np

from forgetting.config import Replay
from forgetting.data.store import chunk_ids
from forgetting.runs import evaluators, matrix_chunks
from forgetting.runs import text as run_text


def test_a_run_is_measured_on_what_its_parent_is(cache, finetuning):
  executor = object()
  of_run, of_parent = (
    evaluators.evaluator_of(run, executor)
    for run in (finetuning, finetuning.parent)
  )
  assert of_run.executor is executor
  assert np.array_equal(of_run.pretrain.id, of_parent.pretrain.id)
  _, ids = matrix_chunks.columns(finetuning.parent, [finetuning])
  assert [key.decode() for key in of_run.pretrain.id] == [*ids]
  assert {*of_run.pretrain.source} == {"news", "letters"}
  assert (
    of_run.pretrain.bytes.shape == (16,) and of_run.pretrain.bytes.min() > 0
  )
  assert {*of_run.target.source} == {"law"} and len(of_run.target.id) == 16
  assert of_parent.target is None and of_run.pool is None


def test_a_pool_is_text_that_the_parent_has_not_seen(cache, finetuning):
  run = dataclasses.replace(finetuning, replay=Replay(pool=64))
  pool = evaluators.evaluator_of(run, object()).pool
  index = run_text.replay_pool_of(run.parent, 64)
  chunks = run_text.pretraining_pool(run, "train").take(index)
  assert np.array_equal(pool.chunks, chunks)
  assert np.array_equal(pool.id, chunk_ids(chunks))


def test_runs_that_are_measured_alike(finetuning, text):
  alike = dataclasses.replace(finetuning, seed=5, injection=0, steps=3)
  assert evaluators.measures_of(alike) == evaluators.measures_of(finetuning)
  for change in (
    dict(domain=text["poems"]),
    dict(replay=Replay(pool=8)),
    dict(parent=dataclasses.replace(finetuning.parent, seed=1)),
  ):
    other = dataclasses.replace(finetuning, **change)
    assert evaluators.measures_of(other) != evaluators.measures_of(finetuning)
