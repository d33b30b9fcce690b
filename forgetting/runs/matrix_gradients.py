"""Gradient inner products of a study's tasks with its pretraining examples.

A small step against a task's gradient raises an example's loss by minus their
inner product times the learning rate: what first-order theory says of the
forgetting matrix before anything is fine-tuned.
"""

from collections.abc import Sequence
import pathlib
import typing

import numpy as np

from forgetting.associations.load import finished
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.config import InputError, Run
from forgetting.data.pool import Pool
from forgetting.records import StudyDirectory
from forgetting.runs import matrix_chunks, starts

TASK_CHUNKS = 128  # of a task's training text at most

Sketch = typing.Callable[[Pool, np.ndarray], np.ndarray]


def products(matrix: ForgettingMatrix, study: pathlib.Path) -> np.ndarray:
  """Minus the inner products at the base model.

  Args:
    matrix: the study's; rows are its finished runs.
    study: its folder, with its models and its text.

  Returns:
    float64, as the matrix: tasks x examples.

  Raises:
    InputError: its text or its pretrained models are not on this machine.
  """
  if not study.is_dir():
    raise InputError(
      f"{study}: gradients need a study, with its models and its text"
    )
  runs = [run for run, _ in finished(study)]
  wanted = [str(example) for example in matrix.examples]
  out = np.empty(matrix.shape)
  for parent in dict.fromkeys(run.parent for run in runs):
    rows = [i for i, run in enumerate(runs) if run.parent == parent]
    children = [runs[i] for i in rows]
    out[rows] = _of_children(StudyDirectory(study), children, runs, wanted)
  return out


def _of_children(
  study: StudyDirectory,
  children: Sequence[Run],
  runs: Sequence[Run],
  wanted: Sequence[str],
) -> np.ndarray:
  """Rows of one pretraining's children: one model is in memory at a time."""
  (parent,) = matrix_chunks.corpora_of(children)
  sketch = _sketcher(study, children[0])
  examples = _of_examples(parent, runs, wanted, sketch)
  return np.array([-examples @ _of_task(run, sketch) for run in children])


def _of_examples(
  parent: Run, runs: Sequence[Run], wanted: Sequence[str], sketch: Sketch
) -> np.ndarray:
  """Sketches of the matrix's columns, [N, buckets]."""
  pool, ids = matrix_chunks.columns(parent, runs)
  missing = [key for key in wanted if key not in ids]
  if missing:
    raise InputError(
      f"gradients: found other text than example {missing[0]}'s, expected the"
      " text that the study was made with"
    )
  return sketch(pool, np.array([ids[key] for key in wanted]))


def _of_task(run: Run, sketch: Sketch) -> np.ndarray:
  """Mean sketch of a task's training text, [buckets]."""
  return sketch(*matrix_chunks.row(run, at_most=TASK_CHUNKS)).mean(0)


def _sketcher(study: StudyDirectory, child: Run) -> Sketch:
  """Sketches of gradients at a pretrained model, [chunks, buckets]."""
  from forgetting.training.gradients import sketches

  params = starts.load_parent(study, child)

  def sketch(pool: Pool, index: np.ndarray) -> np.ndarray:
    return sketches(
      params, pool.take(index), pool.weights_of(index), model=child.model
    )

  return sketch
