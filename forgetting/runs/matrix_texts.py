"""What the rows and columns of a study's forgetting matrix say.

The text is the prepared text of the study's sources. Where that is not on
this machine, as in a notebook on a study made elsewhere, there is none.
"""

import dataclasses
import pathlib

import numpy as np

from forgetting import records
from forgetting.associations.load import finished
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.config import InputError, Run
from forgetting.runs import matrix_chunks

BYTE_OFFSET = 3  # of seqio.ByteVocabulary: pad, end of text, unknown
TASK_CHUNKS = 512  # of a task's training text at most


def attach(matrix: ForgettingMatrix, study: pathlib.Path) -> ForgettingMatrix:
  """The matrix with texts, or as it is where there are none.

  Args:
    matrix: of a study.
    study: its folder, or the file that the matrix is from.

  Returns:
    a matrix with `texts`, one an example, and `task_texts`, a tuple a task.
  """
  if not study.is_dir() or records.exported(study):
    return matrix
  runs = [run for run, _ in finished(study)]
  try:
    examples = {}
    for parent in matrix_chunks.corpora_of(runs):
      examples |= _of_examples(parent, runs)
    tasks = [_of_task(run) for run in runs]
  except InputError:
    return matrix
  if len(runs) != len(matrix.tasks) or not {*matrix.examples} <= {*examples}:
    return matrix
  texts = np.empty(len(matrix.examples), object)
  texts[:] = [examples[name] for name in matrix.examples]
  task_texts = np.empty(len(tasks), object)
  task_texts[:] = tasks
  return dataclasses.replace(matrix, texts=texts, task_texts=task_texts)


def _of_examples(parent: Run, runs: list[Run]) -> dict[str, str]:
  """Content id -> text of the sequences that a pretraining is measured on."""
  pool, ids = matrix_chunks.columns(parent, runs)
  texts = _decoded(pool.take(np.array([*ids.values()])), parent.tokenizer)
  return dict(zip(ids, texts, strict=True))


def _of_task(run: Run) -> tuple[str, ...]:
  pool, index = matrix_chunks.row(run, at_most=TASK_CHUNKS)
  return tuple(_decoded(pool.take(index), run.tokenizer))


def _decoded(chunks: np.ndarray, tokenizer: str) -> list[str]:
  """Bytes as text; of another tokenizer, a word for each of its tokens."""
  if tokenizer != "bytes":
    return [" ".join(f"t{token}" for token in chunk) for chunk in chunks]
  return [
    bytes((chunk[chunk >= BYTE_OFFSET] - BYTE_OFFSET).tolist()).decode(
      "utf-8", "replace"
    )
    for chunk in np.clip(chunks, 0, BYTE_OFFSET + 255).astype(np.int64)
  ]
