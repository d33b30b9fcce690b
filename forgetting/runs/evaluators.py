"""What a run is measured on: fixed sequences of held-out text."""

from __future__ import annotations

from collections.abc import Sequence
import typing

import numpy as np

from forgetting.config import Run
from forgetting.config.names import domain_name
from forgetting.data import store
from forgetting.data.pool import Pool, validation_sample
from forgetting.data.prepared import Prepared
from forgetting.runs import text as run_text
from forgetting.runs import text_sources

if typing.TYPE_CHECKING:
  from forgetting.training.evaluate import ValidationSet
  from forgetting.training.evaluator import Evaluator
  from forgetting.training.executor import Executor
  from forgetting.training.models.family import Params


def measures_of(run: Run) -> tuple:
  """What runs must have in common to be measured by one evaluator.

  Returns:
    what they start from and its text, domain, evaluation, chunks of their
    pool, text measured beside.
  """
  text = (run.parent or run, run.model, run.pretraining, run.tokenizer)
  beside = tuple(text_sources.beside_sources(run))
  return text, run.domain, run.evaluation, _pool_size(run), beside


def evaluator_of(
  run: Run, executor: Executor, frozen: Params | None = None
) -> Evaluator:
  """What measures a run, by the programs that train it.

  Args:
    executor: whose program of losses it uses.
    frozen: what its method keeps of the parent, on the devices.

  Raises:
    InputError: the text is not prepared, or has too little for the pool.
  """
  # imported here: planning a study needs the text's sizes but not JAX
  from forgetting.training.evaluator import Evaluator

  pretraining, evaluation = run.pretrained_by or run, run.evaluation
  sources = text_sources.pretraining_sources(pretraining)
  target = pool = None
  if run.domain is not None:
    target = _held_out(pretraining, (run.domain,), evaluation.full_target)
  if size := _pool_size(run):
    index = run_text.replay_pool_of(pretraining, size)
    pool = _measured(pretraining, sources, "train", index)
  return Evaluator(
    executor=executor,
    evaluation=evaluation,
    pretrain=_held_out(pretraining, sources, evaluation.full_pretrain),
    target=target,
    pool=pool,
    beside=_beside(run),
    frozen=frozen or {},
  )


def _pool_size(run: Run) -> int:
  """Chunks that a run replays from; 0: it does not replay."""
  return run.replay.pool if run.replay else 0


def _beside(run: Run) -> ValidationSet | None:
  """Held-out text of each source, as many sequences of each at most."""
  sources = text_sources.beside_sources(run)
  if not sources:
    return None
  whole = Pool.of(run_text.opened(run, sources), "validation")
  index = [
    whole.starts[i] + validation_sample(one, run.evaluation.full_pretrain)
    for i, one in enumerate(
      Pool.of([found], "validation") for found in run_text.opened(run, sources)
    )
  ]
  return _measured(run, sources, "validation", np.concatenate(index))


def _held_out(run: Run, sources: Sequence[str], count: int) -> ValidationSet:
  pool = Pool.of(run_text.opened(run, sources), "validation")
  return _measured(run, sources, "validation", validation_sample(pool, count))


def _measured(
  run: Run, sources: Sequence[str], split: str, index: np.ndarray
) -> ValidationSet:
  """Chunks of a split of a run's text as a set to measure losses on."""
  names = [domain_name(source) for source in sources]
  return validation_set(run_text.opened(run, sources), names, split, index)


def validation_set(
  prepared: Sequence[Prepared],
  names: Sequence[str],
  split: str,
  index: np.ndarray,
) -> ValidationSet:
  """Chunks of a split of some text as a set to measure losses on.

  Args:
    prepared: the text of each source.
    names: of the sources.
    split: train or validation.
    index: [n], into the chunks of all sources.
  """
  from forgetting.training.evaluate import ValidationSet

  pool = Pool.of(prepared, split)
  chunks = pool.take(index)
  sizes = [getattr(p, f"{split}_bytes") for p in prepared]
  return ValidationSet(
    chunks=chunks,
    weights=pool.weights_of(index),
    bytes=np.concatenate(sizes)[index],
    id=store.chunk_ids(chunks),
    source=np.array(names)[pool.source_of(index)],
  )
