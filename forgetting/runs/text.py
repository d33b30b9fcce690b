"""The text of one run: its batches, and what exactly they are made of."""

from collections.abc import Iterable, Sequence
import functools

import numpy as np

from forgetting.config import InputError, Run
from forgetting.config.names import domain_name
from forgetting.config.pretrained import Pretrained
from forgetting.config.replay_source import OtherText, Repeated
from forgetting.data import (
  hub,
  samples,
  store,
  tfds_source,
  tokenizers,
)
from forgetting.data.mixture import Blocks, Epochs, Mixture
from forgetting.data.permutation import permute, stream_key
from forgetting.data.pool import Pool, chunks_within
from forgetting.data.prepared import Prepared
from forgetting.data.replay_pool import pool_index, replay_order
from forgetting.data.streamed import StreamedMixture
from forgetting.runs.text_sources import (
  other_sources,
  pretraining_sources,
  sources_of,
)


def mixture_of(
  run: Run, *, replay_weights: np.ndarray | None = None
) -> Mixture | StreamedMixture:
  """The batches of a run, over the text that it names.

  Args:
    replay_weights: of the run's replay pool, an entry a chunk, once they are
      known.

  Raises:
    InputError: the domain or the corpus has less text than asked.
  """
  if isinstance(run.replay_source, OtherText):
    return _of_other_text(run)
  if any(map(tfds_source.is_streamed, pretraining_sources(run))):
    return _streamed_mixture(run)
  source = run.replay_source
  parent, replayed = run.pretrained_by or run, None
  if run.replay is not None:
    pool = replay_pool_of(parent, run.replay.pool)
    order = replay_order(
      len(pool),
      seed=run.seed,
      weights=replay_weights,
      first=injected_before_weights(run),
    )
    replayed = pool[order]
  return Mixture(
    pretraining=pretraining_pool(run, "train"),
    target=target_of(run) if run.domain else None,
    injection=run.injection,
    batch_size=run.batch_size,
    seed=run.seed,
    parent_seed=parent.seed,
    parent_chunks=_chunks_of(run.pretrained_by),
    replayed=replayed,
    repeated=source.chunks if isinstance(source, Repeated) else None,
    tells_injected=run.method.reads_injected,
  )


def _of_other_text(run: Run) -> Mixture:
  """Injects text that the parent's corpus does not have: all of it is fresh."""
  return Mixture(
    pretraining=Pool.of(opened(run, other_sources(run)), "train"),
    target=target_of(run) if run.domain else None,
    injection=run.injection,
    batch_size=run.batch_size,
    seed=run.seed,
    parent_seed=run.seed,
    parent_chunks=0,
    tells_injected=run.method.reads_injected,
  )


def pretraining_pool(run: Run, split: str) -> Pool:
  """Every chunk of a split of a run's pretraining corpus.

  Args:
    split: train or validation.

  Raises:
    InputError: it is not prepared.
  """
  return Pool.of(opened(run, pretraining_sources(run)), split)


def pretraining_sample(
  parent: Run, count: int
) -> tuple[np.ndarray, np.ndarray]:
  """Text that a pretraining was trained on, its first chunks.

  Args:
    parent: the pretraining.
    count: chunks, at most as many as there are.

  Returns:
    chunks int32 [n, L+1] and weights float32 [n, L].

  Raises:
    InputError: its text is streamed, so that nothing of it is kept.
  """
  if any(map(tfds_source.is_streamed, pretraining_sources(parent))):
    raise InputError(
      f"Run.method: found one that measures {parent.name}'s text, which is"
      " streamed, expected prepared text: write tfds: in place of stream:"
    )
  whole = pretraining_pool(parent, "train")
  key = stream_key(parent.seed, "pretraining")
  index = permute(np.arange(min(count, len(whole))), len(whole), key=key)
  return whole.take(index), whole.weights_of(index)


def replay_pool_of(parent: Run, size: int) -> np.ndarray:
  """The replay pool of a pretraining's children.

  Args:
    parent: the pretraining; of a checkpoint's child that run itself.
    size: chunks in the pool.

  Returns:
    indices into the training chunks of its corpus, none of which it has seen.

  Raises:
    InputError: the corpus has less fresh text than that.
  """
  whole = pretraining_pool(parent, "train")
  # what a checkpoint has seen is not known: all text is fresh to the study
  of_ours = parent.parent is None
  seen, seed = (_chunks_of(parent), parent.seed) if of_ours else (0, 0)
  fresh = len(whole) - seen
  if size > fresh:
    raise InputError(
      f"Replay.pool: found {size} chunks, expected at most the"
      f" {max(fresh, 0)} that the parent has not seen"
    )
  return pool_index(whole, size, parent_seed=seed, parent_chunks=seen)


def online_step(run: Run) -> int | None:
  """The step before which a run that replays online measures its pool.

  Returns:
    None: it does not.
  """
  if run.replay is None or not run.replay.online_after:
    return None
  return round(run.replay.online_after * run.steps)


def injected_before_weights(run: Run) -> int:
  """Chunks of its pool that a run injects uniformly, before weights count.

  Args:
    run: one that replays.
  """
  blocks = Blocks.of(run.injection, seed=run.seed)
  return int(blocks.injected_before((online_step(run) or 0) * run.batch_size))


def _chunks_of(parent: Run | None) -> int:
  """How many chunks a pretraining draws."""
  return parent.steps * parent.batch_size if parent else 0


def _streamed_mixture(run: Run) -> StreamedMixture:
  if run.replay is not None:
    raise InputError(
      "Run.replay: found one with streamed text, expected prepared text: its"
      " pool is measured at base and at best"
    )
  source, *others = pretraining_sources(run)
  if others:
    raise InputError(
      f"Run.pretraining: found {source!r} beside {', '.join(others)}, expected"
      " one streamed source alone"
    )
  return StreamedMixture(
    source=tfds_source.parse(source),
    tokenizer=tokenizers.find(run.tokenizer),
    context=run.model.context,
    target=target_of(run) if run.domain else None,
    injection=run.injection,
    batch_size=run.batch_size,
    seed=run.seed,
    tells_injected=run.method.reads_injected,
  )


def target_of(run: Run) -> Epochs:
  """The target text of a fine-tuning: which chunks of its domain it sees.

  Of a domain with prompts, which carry no loss, they are more than
  `Run.target_chunks`, which knows no text: only targets that count are asked
  for.

  Raises:
    InputError: the domain is not prepared, or has less text than asked.
  """
  pool = Pool.of(opened(run, (run.domain,)), "train")
  chunks = chunks_within(pool, run.target_tokens_asked, seed=run.seed)
  return Epochs(pool, chunks, run.seed)


def opened(run: Run, sources: Sequence[str]) -> list[Prepared]:
  """The prepared text of several sources, as a run reads them."""
  return [open_source(run, source) for source in sources]


def open_source(run: Run, source: str) -> Prepared:
  """The prepared text of a source, at a run's context and in its tokens.

  Raises:
    InputError: it is not prepared.
  """
  if samples.is_one(source):
    return samples.open_samples(source)
  return _open(source, run.model.context, run.tokenizer)


@functools.cache
def _open(source: str, context: int, tokenizer: str) -> Prepared:
  return store.open_prepared(source, context=context, tokenizer=tokenizer)


def text_fingerprint(run: Run) -> dict[str, str]:
  """Hashes of all text that a run reads: what its numbers stand on.

  Returns:
    <source>/<split> -> SHA-256 of its chunks.
  """
  return {
    f"{domain_name(source)}/{split}": facts["sha256"]
    for source in sources_of(run)
    for split, facts in open_source(run, source).meta["splits"].items()
  }


def provenance(run: Run) -> dict[str, dict[str, str]]:
  """The exact data of each source that a run reads.

  Returns:
    source -> package versions and hashes, licence, split rule, tokenizer.
  """
  return {
    domain_name(source): store.provenance(open_source(run, source))
    for source in sources_of(run)
  }


def identity(run: Run) -> dict[str, str] | None:
  """Hashes of the public checkpoint that a run starts from.

  Returns:
    weights, config, tokenizer -> SHA-256; None: it starts from none.

  Raises:
    InputError: the checkpoint is not on this machine.
  """
  parent = run.parent
  return hub.identity(parent) if isinstance(parent, Pretrained) else None


def fetch_parents(runs: Iterable[Run]) -> None:
  """Fetches the public checkpoints that runs start from.

  Raises:
    InputError: one cannot be had.
  """
  parents = [run.parent for run in runs if isinstance(run.parent, Pretrained)]
  for parent in dict.fromkeys(parents):
    hub.fetch(parent, weights=True)
