"""Which chunks of text the rows and columns of a study's matrix stand for."""

from collections.abc import Iterable

import numpy as np

from forgetting.config import Run
from forgetting.data import store
from forgetting.data.pool import Pool, validation_sample
from forgetting.runs import text as run_text


def corpora_of(runs: Iterable[Run]) -> list[Run]:
  """Of each parent of some runs the run that says what text it is told by.

  Args:
    runs: fine-tunings.

  Returns:
    their pretrainings; of a public checkpoint the first run from it.
  """
  found: dict[object, Run] = {}
  for run in runs:
    found.setdefault(run.parent, run.pretrained_by or run)
  return [*found.values()]


def columns(parent: Run, runs: Iterable[Run]) -> tuple[Pool, dict[str, int]]:
  """The pretraining sequences that children of a parent are measured on.

  Args:
    parent: of `corpora_of`.
    runs: the children, or all fine-tunings of the study.

  Returns:
    every held-out chunk of the parent's corpus; and content id -> which of
    them, for those that the run with the most is measured on.

  Raises:
    InputError: the text is not prepared.
  """
  pool = run_text.pretraining_pool(parent, "validation")
  count = max(run.evaluation.full_pretrain for run in runs)
  index = validation_sample(pool, count)
  ids = [key.decode() for key in store.chunk_ids(pool.take(index))]
  return pool, dict(zip(ids, map(int, index), strict=True))


def row(run: Run, *, at_most: int) -> tuple[Pool, np.ndarray]:
  """The training text of a fine-tuning.

  Args:
    at_most: chunks.

  Returns:
    every training chunk of its domain; and which of them it sees, the first
    ones in its order.

  Raises:
    InputError: the text is not prepared, or less than asked.
  """
  target = run_text.target_of(run)
  return target.pool, target.unique[:at_most]
