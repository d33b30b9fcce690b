"""How fast one core feeds tokens from a prepared store, beside its peers.

Usage: python benchmarks/data.py [target source] [pretraining source]

Prints tokens a second at context 1024 for the mixture, a bare memory map,
plain seqio with packing and, where it is installed, grain, on the same text;
and how long preparing took.
"""

from collections.abc import Callable, Iterator
import itertools
import os
import sys
import time

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core

import numpy as np  # noqa: E402

from forgetting.data import document_store, sources, store  # noqa: E402
from forgetting.data.mixture import Epochs, Mixture  # noqa: E402
from forgetting.data.pool import Pool  # noqa: E402
from forgetting.data.prepared import Prepared  # noqa: E402

CONTEXT = 1024
BATCH = 64
SECONDS = 3.0
Draw = Callable[[], Iterator[int]]  # tokens of one batch after another


def main(target: str = "kjv", pretraining: str = "wiki_en") -> None:
  start = time.perf_counter()
  sources_given = (target, pretraining)
  domain = store.prepare(target, context=CONTEXT)
  corpus = store.prepare(pretraining, context=CONTEXT)
  print(f"preparing, or opening: {time.perf_counter() - start:.2f} s")
  start = time.perf_counter()
  opened = [store.open_prepared(s, context=CONTEXT) for s in sources_given]
  next(_mixture(*opened))
  print(f"opening, to the first batch: {time.perf_counter() - start:.4f} s")
  peers: dict[str, Draw] = {
    "mixture, p = 5 %": lambda: _mixture(domain, corpus),
    "bare memory map": lambda: _memory_map(corpus),
    "grain": lambda: _grain(corpus),
    "seqio, packed": lambda: _seqio(pretraining),
  }
  for name, draw in peers.items():
    try:
      print(f"{name:18} {_speed(draw()) / 1e6:9.2f} M tokens/s")
    except ImportError as error:
      print(f"{name:18} not installed ({error.name})")


def _speed(batches: Iterator[int]) -> float:
  """Tokens a second, the first batches left out."""
  for _ in itertools.islice(batches, 3):
    pass
  tokens, start = 0, time.perf_counter()
  for size in batches:
    tokens += size
    if time.perf_counter() - start > SECONDS:
      break
  return tokens / (time.perf_counter() - start)


def _mixture(domain: Prepared, corpus: Prepared) -> Iterator[int]:
  """Runs of a thousand steps; the injected text of each is fresh."""
  pool, target = Pool((corpus.train,)), Pool((domain.train,))
  for seed in itertools.count():
    mixture = Mixture(
      pretraining=pool,
      target=Epochs(target, len(target) // 2, seed),
      injection=0.05,
      batch_size=BATCH,
      seed=seed,
      parent_seed=0,
      parent_chunks=0,
    )
    steps = int(len(pool) / 0.05 / BATCH) - 1
    for batch in mixture.batches(0, min(steps, 1000)):
      yield batch["targets_BxL"].size


def _memory_map(corpus: Prepared) -> Iterator[int]:
  rng = np.random.default_rng(0)
  while True:
    chosen = corpus.train[rng.integers(0, len(corpus.train), BATCH)]
    yield chosen.astype(np.int32)[:, 1:].size


def _grain(corpus: Prepared) -> Iterator[int]:
  import grain

  chunks = grain.MapDataset.source(corpus.train).seed(0).shuffle().repeat()
  for batch in chunks.batch(BATCH).to_iter_dataset():
    yield batch[:, 1:].size


def _seqio(source: str) -> Iterator[int]:
  """The usual way: documents tokenised, packed and shuffled as they come."""
  from forgetting.data import tasks
  from forgetting.data.tensorflow import seqio

  folder = document_store.folder_of(sources.find(source))
  vocabulary = seqio.ByteVocabulary()
  task = seqio.Task(
    "packed",
    source=tasks.stored(folder),
    preprocessors=[
      lambda dataset: dataset.map(lambda x: {"targets": x["text"]}),
      seqio.preprocessors.tokenize,
      seqio.preprocessors.append_eos,
    ],
    output_features={"targets": seqio.Feature(vocabulary, add_eos=True)},
  )
  dataset = seqio.get_dataset(
    task,
    {"targets": CONTEXT},
    seqio.LMFeatureConverter(pack=True),
    shuffle=True,
    num_epochs=None,
    seed=0,
    batch_size=BATCH,
  )
  for batch in dataset.as_numpy_iterator():
    yield int((batch["decoder_target_tokens"] > 0).sum())


if __name__ == "__main__":
  main(*sys.argv[1:])
