"""One run, from its config to its result: where text meets training."""

from collections.abc import Callable, Generator, Iterator, Sequence
import contextlib
import functools
import importlib.metadata
import platform
import time

import numpy as np

from forgetting.config import canonical
from forgetting.storage import claims
from forgetting.runs import text as run_text
from forgetting.config import InputError, Run
from forgetting.data import store
from forgetting.data.mixture import Mixture
from forgetting.data.pool import Pool, validation_sample
from forgetting.data.streamed import StreamedMixture
from forgetting.records.following import Followed
from forgetting.config.names import domain_name
from forgetting.records import RunDirectory, axes
from forgetting.runs.replaying import Replaying
from forgetting.config.saves import Saves


def do_run(run: Run, **where) -> dict:
  """Trains a run to its end and writes its result; a done one is read.

  Args:
    where: of `steps_of`.

  Raises:
    InputError: the text, the parent or the folder is not as expected.
    Interrupted: `stop` was true; the state is saved.
  """
  # imported here: planning a study needs the text's sizes but not JAX
  from forgetting.training import loop

  programs = functools.partial(compiled_for, run)
  return loop.alone(steps_of(run, programs=programs, **where))


def compiled_for(run: Run):
  """The programs of a run that is trained alone."""
  from forgetting.training import compilation
  from forgetting.training.programs import compile_programs

  with compilation.one_at_a_time(canonical.to_json(run.model)):
    return compile_programs(
      run.model, batch_size=run.batch_size, micro_batches=run.micro_batches
    )


def steps_of(
  run: Run,
  *,
  programs: Callable,
  root: str,
  study: str,
  executor: str,
  saves: Saves = Saves(),
  stop: Callable[[], bool] = lambda: False,
) -> Generator:
  """A run from its config to its result, as a `training.loop.Training`.

  Args:
    programs: gives its compiled programs.
    root: its directory is <root>/<study>/<its name>.
    executor: how it is trained, in words for its result.
    saves: what of it is kept.
    stop: asked before every step; when true the state is saved.

  Returns:
    its result, which is written.

  Raises:
    InputError: the text, the parent or the folder is not as expected.
    Interrupted: `stop` was true; the state is saved.
    claims.Held: another process is doing it.
  """
  directory = RunDirectory.of(root, study, run)
  if directory.done:
    return directory.result()
  # imported here: planning a study needs the text's sizes but not JAX
  from forgetting.training import processes

  run_text.check_text(run)
  _check_processes(run)
  if not processes.first():
    directory = Followed(directory.path)
  directory.create(run, text=run_text.text_fingerprint(run))
  with _claimed(run, directory) as claim:
    if directory.done:  # by another, just now
      return directory.result()
    result = yield from _steps_of(
      run,
      directory,
      claim,
      root=root,
      study=study,
      executor=executor,
      saves=saves,
      programs=programs,
      stop=stop,
    )
    return result


def _steps_of(
  run, directory, claim, *, programs, root, study, executor, saves, stop
):
  import jax

  from forgetting.training import loop, processes

  start, clock = time.perf_counter(), loop.Clock()
  restarts = directory.begin_attempt()
  earlier = _seconds_before(directory)
  if earlier:
    clock.spent["earlier attempts"] = earlier
  processes.wait_for_others("created")
  compiled = clock.time("compilation", programs)
  evaluator = clock.time("start", evaluator_of, run, compiled)
  params, base = clock.time("start", _start, run, evaluator, root, study)
  replay = Replaying(run, directory, evaluator, base.pool)
  replay.measure_before(root, study)
  mixture = replay.mixture()
  measured = yield from loop.train(
    run,
    directory=directory,
    evaluator=evaluator,
    params=params,
    base=base,
    epoch_chunks=mixture.target and mixture.target.chunks,
    batches=lambda first: replay.mixture().batches(
      first, run.steps, **processes.share()
    ),
    renew=replay.measure_online,
    clock=clock,
    saves=saves,
    stop=claim.asked_before(stop),
  )
  about = dict(
    **_weighted(mixture),
    text=run_text.text_fingerprint(run),
    data=run_text.provenance(run),
    executor=executor,
    versions=_versions(),
    host=platform.node(),
    device=compiled.device,
    processes=jax.process_count(),
    restarts=restarts,
    wall_seconds=earlier + time.perf_counter() - start,
  )
  result = axes(study, run) | measured | about
  claim.confirm()
  directory.write_result(result)
  if run.parent is not None:
    directory.remove_checkpoints()
  processes.wait_for_others("written")
  return result


@contextlib.contextmanager
def _claimed(run: Run, directory: RunDirectory) -> Iterator[claims.Claim]:
  """The directory is this run's processes' alone; the first one sees to it."""
  from forgetting.training import processes

  with contextlib.ExitStack() as stack:
    claim, held = claims.Followed(), None
    if processes.first():
      try:
        claim = stack.enter_context(claims.claimed(directory.path, run.name))
      except claims.Held as error:
        held = error
    if processes.told_by_first(held is not None):
      raise held or claims.Held(f"{run.name}: another process is doing it")
    yield claim


def _seconds_before(directory: RunDirectory) -> float:
  """That attempts before this one took, as far as they recorded it."""
  records = directory.records()
  return max((record["seconds"] for record in records), default=0.0)


def _check_processes(run: Run) -> None:
  import jax

  if run.replay is not None and jax.process_count() > 1:
    raise InputError(
      f"{run.name}: found {jax.process_count()} processes, expected one: a run"
      " that replays measures its pool and reads it back"
    )


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


def forget_programs() -> None:
  """Lets go of programs, and of what lies on the devices for them."""
  _start_of_children.cache_clear()
  _evaluator.cache_clear()


def evaluator_of(run: Run, programs):
  """The `training.loop.Evaluator` of a run: the same for all of a parent's."""
  pool = run.replay.pool if run.replay else 0
  parent = run.parent or run
  return _evaluator(parent, run.domain, run.evaluation, pool, programs)


@functools.lru_cache(maxsize=32)
def _evaluator(pretraining: Run, domain, evaluation, pool: int, programs):
  from forgetting.training.loop import Evaluator

  target = None
  if domain is not None:
    target = _validation_set(pretraining, (domain,), evaluation.full_target)
  sources = run_text.pretraining_sources(pretraining)
  return Evaluator(
    programs=programs,
    evaluation=evaluation,
    pretrain=_validation_set(pretraining, sources, evaluation.full_pretrain),
    target=target,
    pool=_replay_set(pretraining, sources, pool) if pool else None,
  )


def _validation_set(run: Run, sources: Sequence[str], count: int):
  prepared = run_text.opened(run, sources)
  pool = Pool.of(prepared, "validation")
  return _measured(
    sources, prepared, "validation", validation_sample(pool, count)
  )


def _replay_set(parent: Run, sources: Sequence[str], count: int):
  index = run_text.replay_pool_of(parent, count)
  return _measured(sources, run_text.opened(parent, sources), "train", index)


def _measured(sources, prepared, split: str, index: np.ndarray):
  """Chunks of a split as a set to measure losses on."""
  from forgetting.training.evaluate import ValidationSet

  pool = Pool.of(prepared, split)
  chunks = pool.take(index)
  sizes = [getattr(p, f"{split}_bytes") for p in prepared]
  names = np.array([domain_name(source) for source in sources])
  return ValidationSet(
    chunks=chunks,
    weights=pool.weights_of(index),
    bytes=np.concatenate(sizes)[index],
    id=store.chunk_ids(chunks),
    source=names[pool.source_of(index)],
  )


def _start(run: Run, evaluator, root: str, study: str):
  """The parameters that a run starts from, and base: their losses."""
  from forgetting.training import model

  if run.parent is None:
    params = model.init(run.model, seed=run.seed)
    return params, evaluator.full(evaluator.programs.place(params))
  return _start_of_children(RunDirectory.of(root, study, run.parent), evaluator)


@functools.lru_cache(maxsize=8)
def _start_of_children(parent: RunDirectory, evaluator):
  """Read and measured once for all runs that start from one pretraining."""
  programs = evaluator.programs
  params = _load(
    parent, programs.shapes["params"], programs.shardings["params"]
  )
  base = evaluator.full(params)  # from the devices, not once a block to them
  # a run's first step gives its buffers away
  return programs.keep(params), base


def load_params(directory: RunDirectory, run: Run):
  """What a pretraining ended with, a fine-tuning's best; on all devices.

  Raises:
    InputError: they are not there, or of another model.
  """
  import jax

  from forgetting.training import checkpoint, model, sharding

  shapes = model.shapes(run.model)
  devices = jax.device_count()
  # no batch has to divide: as many rows as devices always do
  axis = sharding.model_axis(run.model, rows=devices, devices=devices)
  placed = sharding.shardings(shapes, sharding.make_mesh(axis))
  if run.parent is not None:
    return checkpoint.load_params(
      directory.best, shapes=shapes, shardings=placed
    )
  return _load(directory, shapes, placed)


def _load(directory: RunDirectory, shapes, shardings):
  from forgetting.training.checkpoint import Checkpoints

  with Checkpoints(directory.checkpoints) as checkpoints:
    return checkpoints.load_params(shapes=shapes, shardings=shardings)


def _versions() -> dict[str, str]:
  packages = ("forgetting", "jax", "jaxlib", "flax", "optax", "numpy")
  versions = {name: importlib.metadata.version(name) for name in packages}
  return versions | {"python": platform.python_version()}
