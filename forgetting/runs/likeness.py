"""What is known of replay sources before a run: likeness to the corpus."""

from __future__ import annotations

from collections.abc import Iterable
import math
import pathlib

import numpy as np

from forgetting.config import Run
from forgetting.config.names import domain_name
from forgetting.config.replay_source import OtherText
from forgetting.data.likeness import NGrams
from forgetting.data.permutation import permute, stream_key
from forgetting.data.pool import Pool, validation_sample
from forgetting.records import RunDirectory, run_directories, tokenizers
from forgetting.runs import text as run_text
from forgetting.runs import text_sources

CHUNKS, HELD_OUT = 2048, 256  # of a source, of the corpus


def features(folder: pathlib.Path) -> dict[str, dict[str, float]]:
  """Features of the proxies that a study injects, means over its parents.

  Args:
    folder: of the study; its text is prepared.

  Returns:
    word of the source -> base_loss, nats a token of base on its held-out text;
    likeness, the probability that an n-gram model of it gives a token of the
    corpus's held-out text over that by one of as much of the corpus, their
    geometric mean; missing, the share of that text's n-grams that it lacks.

  Raises:
    InputError: no study there, its text is not prepared, or models with
      different tokenizers.
  """
  found: dict[str, list[dict[str, float]]] = {}
  known: dict[tuple, dict[str, float]] = {}
  directories = [*run_directories(folder)]
  tokenizers.check_one(directories, "likeness")
  for directory, run in directories:
    source = run.replay_source
    if not isinstance(source, OtherText) or not directory.done:
      continue
    text = (run.pretraining, run.tokenizer, run.model.context, source)
    if text not in known:
      known[text] = _of_text(run)
    base = _base_loss(directory, run)
    found.setdefault(source.word, []).append(known[text] | base)
  return {
    word: {name: float(np.mean([r[name] for r in rows])) for name in rows[0]}
    for word, rows in found.items()
  }


def _of_text(run: Run) -> dict[str, float]:
  corpus = text_sources.pretraining_sources(run.pretrained_by or run)
  held = Pool.of(run_text.opened(run, corpus), "validation")
  asked = held.take(validation_sample(held, HELD_OUT))
  size = run.model.vocab_size
  models = [
    NGrams.of(_sample(run, sources), size)
    for sources in (text_sources.other_sources(run), corpus)
  ]
  source, own = models
  return dict(
    likeness=math.exp(own.entropy(asked) - source.entropy(asked)),
    missing=1 - source.covers(asked),
  )


def _sample(run: Run, sources: Iterable[str]) -> np.ndarray:
  pool = Pool.of(run_text.opened(run, list(sources)), "train")
  index = np.arange(min(CHUNKS, len(pool)))
  return pool.take(permute(index, len(pool), key=stream_key(0, "likeness")))


def _base_loss(directory: RunDirectory, run: Run) -> dict[str, float]:
  measured = directory.examples()
  names = [*map(domain_name, text_sources.other_sources(run))]
  at = np.isin(measured["beside_source"].astype(str), names)
  return dict(base_loss=float(measured["beside_base"][at].mean()))
