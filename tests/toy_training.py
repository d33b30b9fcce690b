"""A run of seconds, trained without its process."""

import jax
import numpy as np

from forgetting.records import RunDirectory
from forgetting.runs import text as run_text
from forgetting.runs.evaluators import evaluator_of
from forgetting.training import (
  loop,
  stepping,
)
from forgetting.training.clock import Clock


def same(a, b) -> bool:
  return jax.tree.all(jax.tree.map(np.array_equal, a, b))


def chunks_of(run, rows: int) -> np.ndarray:
  generator = np.random.default_rng(1)
  return generator.integers(3, 259, (rows, run.model.context + 1), np.int32)


def batch_of(run) -> dict[str, np.ndarray]:
  from forgetting.data.mixture import as_batch

  weights = np.ones((run.batch_size, run.model.context), np.float32)
  return as_batch(chunks_of(run, run.batch_size), weights)


def train(run, tmp_path, programs, params, *, study="toy", **options):
  directory = RunDirectory.of(tmp_path, study, run)
  directory.create(run)
  evaluator = evaluator_of(run, programs)
  mixture = run_text.mixture_of(run)
  training = loop.train(
    run,
    directory=directory,
    evaluator=evaluator,
    params=params,
    base=evaluator.full(params),
    epoch_chunks=mixture.target and mixture.target.chunks,
    batches=lambda first: mixture.batches(first, run.steps),
    clock=Clock(),
    **options,
  )
  return stepping.take_steps(training)
