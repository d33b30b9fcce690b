"""A study whose text is at hand and whose rows are there, without training."""

import dataclasses
import pathlib

import numpy as np
from prepared_text import prepared

from forgetting.config import Run
from forgetting.data import store
from forgetting.data.pool import Pool, validation_sample
from forgetting.records import RunDirectory
from forgetting.runs import text as run_text
from forgetting.runs import text_sources


def study_of_text(root, finetuning: Run, text, monkeypatch) -> pathlib.Path:
  """Two fine-tunings as they leave their rows, law first."""
  opened = {source: prepared(source, 32) for source in text.values()}
  monkeypatch.setattr(run_text, "open_source", lambda run, s: opened[s])
  runs = [
    dataclasses.replace(finetuning, domain=text[name])
    for name in ("law", "poems")
  ]
  sources = text_sources.pretraining_sources(finetuning)
  pool = Pool.of([opened[source] for source in sources], "validation")
  index = validation_sample(pool, finetuning.evaluation.full_pretrain)
  generator = np.random.default_rng(0)
  for run in runs:
    directory = RunDirectory.of(root, "toy", run)
    directory.create(run)
    base, rise = generator.normal(2, 0.1, (2, len(index)))
    directory.write_examples(
      base=base,
      best=base + rise,
      id=store.chunk_ids(pool.take(index)),
      source=np.array(["a", "b"])[pool.source_of(index)],
    )
    directory.write_result({"status": "done"})
  return root / "toy"
