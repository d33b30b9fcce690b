"""One run, from its config to its result: where text meets training."""

from collections.abc import Callable, Sequence
import functools
import importlib.metadata
import platform
import time

import numpy as np

from forgetting import canonical
from forgetting import config as config_lib
from forgetting.config import InputError, Run
from forgetting.data import corpora, store, tfds_source, tokenizers
from forgetting.data.mixture import Epochs, Mixture
from forgetting.data.pool import Pool, chunks_within, validation_sample
from forgetting.data.streamed import StreamedMixture
from forgetting.records import RunDirectory, axes


def mixture_of(run: Run) -> Mixture | StreamedMixture:
  """The batches of a run, over the text that it names.

  Raises:
    InputError: the domain has less text than asked.
  """
  if any(map(tfds_source.is_streamed, pretraining_sources(run))):
    return _streamed_mixture(run)
  parent = run.parent or run
  return Mixture(
    pretraining=Pool.of(_opened(run, pretraining_sources(run)), "train"),
    target=_epochs(run) if run.domain else None,
    injection=run.injection,
    batch_size=run.batch_size,
    seed=run.seed,
    parent_seed=parent.seed,
    parent_chunks=run.parent.steps * run.parent.batch_size if run.parent else 0,
  )


def _streamed_mixture(run: Run) -> StreamedMixture:
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
    target=_epochs(run) if run.domain else None,
    injection=run.injection,
    batch_size=run.batch_size,
    seed=run.seed,
  )


def pretraining_sources(run: Run) -> list[str]:
  """With the members of sets in their place, each once."""
  return corpora.expand(run.pretraining)


def sources_of(run: Run) -> list[str]:
  """All text that a run reads."""
  return pretraining_sources(run) + ([run.domain] if run.domain else [])


def _epochs(run: Run) -> Epochs:
  pool = Pool.of(_opened(run, (run.domain,)), "train")
  chunks = chunks_within(pool, run.target_tokens_asked, seed=run.seed)
  return Epochs(pool, chunks, run.seed)


def _opened(run: Run, sources: Sequence[str]) -> list["store.Prepared"]:
  return [open_source(run, source) for source in sources]


def open_source(run: Run, source: str) -> "store.Prepared":
  return _open(source, run.model.context, run.tokenizer)


@functools.cache
def _open(source: str, context: int, tokenizer: str) -> "store.Prepared":
  return store.open_prepared(source, context=context, tokenizer=tokenizer)


def check_text(run: Run) -> None:
  """Refuses what the prepared text cannot give, before any compute.

  Raises:
    InputError: too little text, a vocabulary larger than the model's, or a
      domain that is pretraining text.
  """
  if run.domain in pretraining_sources(run):
    raise InputError(
      f"Run.domain: found {run.domain!r}, expected a domain that is not among"
      f" the pretraining sources {', '.join(run.pretraining)}"
    )
  if run.domain is not None and tfds_source.is_streamed(run.domain):
    raise InputError(
      f"Run.domain: found {run.domain!r}, expected prepared text: its unique"
      " tokens are counted and repeated; write tfds: in place of stream:"
    )
  try:
    mixture_of(run).check(run.steps)
  except InputError as error:
    raise InputError(f"{run.name}: {error}") from error
  for source in sources_of(run):
    found = open_source(run, source).meta["vocab_size"]
    if found > run.model.vocab_size:
      raise InputError(
        f"Model.vocab_size: found {run.model.vocab_size}, expected at least"
        f" the {found} of tokenizer {run.tokenizer!r}"
      )


def text_fingerprint(run: Run) -> dict[str, str]:
  """Content of every split that the run reads: what its numbers stand on."""
  return {
    f"{config_lib.domain_name(source)}/{split}": facts["sha256"]
    for source in sources_of(run)
    for split, facts in open_source(run, source).meta["splits"].items()
  }


def provenance(run: Run) -> dict[str, dict[str, str]]:
  """The exact data of each source: versions, hashes, licence, split rule."""
  return {
    config_lib.domain_name(source): store.provenance(open_source(run, source))
    for source in sources_of(run)
  }


def do_run(
  run: Run,
  *,
  root: str,
  study: str,
  executor: str,
  save_every: int | None = None,
  stop: Callable[[], bool] = lambda: False,
) -> dict:
  """Trains a run to its end and writes its result; a done one is read.

  Raises:
    InputError: the text, the parent or the folder is not as expected.
    Interrupted: `stop` was true; the state is saved.
  """
  directory = RunDirectory.of(root, study, run)
  if directory.done:
    return directory.result()
  # imported here: planning a study needs the text's sizes but not JAX
  from forgetting.training import compilation, loop
  from forgetting.training.programs import compile_programs

  start, clock = time.perf_counter(), loop.Clock()
  check_text(run)
  directory.create(run)
  with compilation.one_at_a_time(canonical.to_json(run.model)):
    programs = clock.time(
      "compilation",
      lambda: compile_programs(run.model, batch_size=run.batch_size),
    )
  evaluator = clock.time("start", evaluator_of, run, programs)
  params, base = clock.time("start", _start, run, evaluator, root, study)
  mixture = mixture_of(run)
  measured = loop.train(
    run,
    directory=directory,
    evaluator=evaluator,
    params=params,
    base=base,
    epoch_chunks=mixture.target and mixture.target.chunks,
    batches=lambda first: mixture.batches(first, run.steps),
    clock=clock,
    save_every=save_every,
    stop=stop,
  )
  about = dict(
    **_weighted(mixture),
    text=text_fingerprint(run),
    data=provenance(run),
    executor=executor,
    versions=_versions(),
    host=platform.node(),
    device=programs.device,
    processes=1,
    wall_seconds=time.perf_counter() - start,
  )
  result = axes(study, run) | measured | about
  directory.write_result(result)
  return result


def _weighted(mixture: Mixture | StreamedMixture) -> dict:
  """What prompts, which carry no loss, make of D and p.

  `target_tokens` are those that count, and `injection_of_loss` is the share of
  the loss that injected text has: p, where every target counts.
  """
  if mixture.target is None:
    return {}
  p, target = mixture.injection, mixture.target
  counted = target.tokens / (target.chunks * target.pool.context)
  return dict(
    target_tokens=target.tokens,
    injection_of_loss=p / (p + (1 - p) * counted),
  )


def evaluator_of(run: Run, programs):
  """The `training.loop.Evaluator` of a run: the same for all of a parent's."""
  return _evaluator(run.parent or run, run.domain, run.evaluation, programs)


@functools.lru_cache(maxsize=32)
def _evaluator(pretraining: Run, domain, evaluation, programs):
  from forgetting.training.loop import Evaluator

  target = None
  if domain is not None:
    target = _validation_set(pretraining, (domain,), evaluation.full_target)
  sources, count = pretraining_sources(pretraining), evaluation.full_pretrain
  return Evaluator(
    programs=programs,
    evaluation=evaluation,
    pretrain=_validation_set(pretraining, sources, count),
    target=target,
  )


def _validation_set(run: Run, sources: Sequence[str], count: int):
  from forgetting.training.evaluate import ValidationSet

  prepared = _opened(run, sources)
  pool = Pool.of(prepared, "validation")
  index = validation_sample(pool, count)
  chunks = pool.take(index)
  names = np.array([config_lib.domain_name(source) for source in sources])
  return ValidationSet(
    chunks=chunks,
    weights=pool.weights_of(index),
    bytes=np.concatenate([p.validation_bytes for p in prepared])[index],
    id=store.chunk_ids(chunks),
    source=names[pool.source_of(index)],
  )


def _start(run: Run, evaluator, root: str, study: str):
  """The parameters that a run starts from, and base: their losses."""
  from forgetting.training import model

  if run.parent is None:
    params = model.init(run.model, seed=run.seed)
    return params, evaluator.full(params)
  return _start_of_children(RunDirectory.of(root, study, run.parent), evaluator)


@functools.lru_cache(maxsize=8)
def _start_of_children(parent: RunDirectory, evaluator):
  """Read and measured once for all runs that start from one pretraining."""
  import jax

  from forgetting.training.checkpoint import Checkpoints

  programs = evaluator.programs
  with Checkpoints(parent.checkpoints) as checkpoints:
    params = checkpoints.load_params(
      shapes=programs.shapes["params"], shardings=programs.shardings["params"]
    )
  # on the host: a run's first step gives its buffers away
  params = jax.tree.map(lambda x: np.array(x, copy=True), params)
  return params, evaluator.full(params)


def _versions() -> dict[str, str]:
  packages = ("forgetting", "jax", "jaxlib", "flax", "optax", "numpy")
  versions = {name: importlib.metadata.version(name) for name in packages}
  return versions | {"python": platform.python_version()}
