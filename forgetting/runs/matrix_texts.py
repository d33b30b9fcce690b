"""What the rows and columns of a study's forgetting matrix say.

The text is the prepared text of the study's sources. Where that is not on
this machine, as in a notebook on a study made elsewhere, there is none.
"""

import dataclasses
import pathlib

import numpy as np

from forgetting import records
from forgetting.runs import text as run_text
from forgetting.associations.load import finished
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.config import InputError, Run
from forgetting.data import store
from forgetting.data.pool import Pool, target_order, validation_sample

BYTE_OFFSET = 3  # of seqio.ByteVocabulary: pad, end of text, unknown
TASK_CHUNKS = 512  # of a task's training text at most


def attach(matrix: ForgettingMatrix, study: pathlib.Path) -> ForgettingMatrix:
  """The matrix with texts, or as it is where there are none."""
  if not study.is_dir() or records.exported(study):
    return matrix
  runs = [run for run, _ in finished(study)]
  try:
    examples = {}
    for run in dict.fromkeys(run.parent for run in runs):
      count = max(r.evaluation.full_pretrain for r in runs)
      examples |= _examples(run, count)
    tasks = [_task(run) for run in runs]
  except InputError:
    return matrix
  if len(runs) != len(matrix.tasks) or not {*matrix.examples} <= {*examples}:
    return matrix
  texts = np.empty(len(matrix.examples), object)
  texts[:] = [examples[name] for name in matrix.examples]
  task_texts = np.empty(len(tasks), object)
  task_texts[:] = tasks
  return dataclasses.replace(matrix, texts=texts, task_texts=task_texts)


def _examples(run: Run, count: int) -> dict[str, str]:
  """Content id -> text of the sequences that a pretraining is measured on."""
  sources = run_text.pretraining_sources(run)
  prepared = [run_text.open_source(run, source) for source in sources]
  pool = Pool.of(prepared, "validation")
  chunks = pool.take(validation_sample(pool, count))
  ids = [key.decode() for key in store.chunk_ids(chunks)]
  return dict(zip(ids, _decoded(chunks, run.tokenizer), strict=True))


def _task(run: Run) -> tuple[str, ...]:
  pool = Pool.of([run_text.open_source(run, run.domain)], "train")
  order = target_order(pool, run.target_chunks, seed=run.seed)
  return tuple(_decoded(pool.take(order[:TASK_CHUNKS]), run.tokenizer))


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
