"""Gradient inner products of a study's tasks with its pretraining examples.

A small step against a task's gradient raises an example's loss by minus their
inner product times the learning rate: what first-order theory says of the
forgetting matrix before anything is fine-tuned.
"""

import functools
import pathlib

import numpy as np

from forgetting.runs import run as run_lib
from forgetting.runs import text as run_text
from forgetting.associations.load import finished
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.config import InputError, Run
from forgetting.data.pool import Pool, target_order, validation_sample
from forgetting.data.store import chunk_ids
from forgetting.records import RunDirectory

TASK_CHUNKS = 128  # of a task's training text at most


def products(matrix: ForgettingMatrix, study: pathlib.Path) -> np.ndarray:
  """Minus the inner products at the base model, [M, N].

  Args:
    matrix: the study's; rows are its finished runs.

  Raises:
    InputError: its text or its pretrained models are not on this machine.
  """
  if not study.is_dir():
    raise InputError(
      f"{study}: gradients need a study, with its models and its text"
    )
  runs = [run for run, _ in finished(study)]
  out = np.empty(matrix.shape)
  for i, run in enumerate(runs):
    examples = _of_examples(study, run.parent, _count(runs), matrix_key(matrix))
    out[i] = -examples @ _of_task(study, run)
  return out


def matrix_key(matrix: ForgettingMatrix) -> tuple[str, ...]:
  """The examples in their order."""
  return tuple(map(str, matrix.examples))


def _count(runs: list[Run]) -> int:
  return max(run.evaluation.full_pretrain for run in runs)


@functools.lru_cache(maxsize=4)
def _of_examples(study, parent: Run, count: int, wanted: tuple[str, ...]):
  """Sketches of the matrix's columns, [N, buckets]."""
  pool = run_text.pretraining_pool(parent, "validation")
  index = validation_sample(pool, count)
  place = {key.decode(): i for i, key in enumerate(chunk_ids(pool.take(index)))}
  missing = [key for key in wanted if key not in place]
  if missing:
    raise InputError(
      f"gradients: found other text than example {missing[0]}'s, expected the"
      " text that the study was made with"
    )
  index = index[[place[key] for key in wanted]]
  return _sketch(study, parent, pool, index)


def _of_task(study, run: Run) -> np.ndarray:
  """Mean sketch of a task's training text, [buckets]."""
  pool = Pool.of(run_text.opened(run, (run.domain,)), "train")
  count = min(run_text.mixture_of(run).target.chunks, TASK_CHUNKS)
  index = target_order(pool, count, seed=run.seed)
  return _sketch(study, run.parent, pool, index).mean(0)


def _sketch(study, parent: Run, pool: Pool, index: np.ndarray) -> np.ndarray:
  from forgetting.training.gradients import sketches

  return sketches(
    _params(study, parent),
    pool.take(index),
    pool.weights_of(index),
    model=parent.model,
  )


@functools.lru_cache(maxsize=4)
def _params(study: pathlib.Path, parent: Run):
  return run_lib.load_params(RunDirectory(study / parent.name), parent)
