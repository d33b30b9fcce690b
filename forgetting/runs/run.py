"""One run, from its config to its result: where text meets training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import dataclasses
import functools
import importlib.metadata
import platform
import time
import typing

from forgetting.config import InputError, Pretrained, Run, canonical
from forgetting.data.mixture import Mixture
from forgetting.data.streamed import StreamedMixture
from forgetting.records import RunDirectory, axes
from forgetting.records.following import Followed
from forgetting.runs import samples, text_checks
from forgetting.runs import text as run_text
from forgetting.runs.options import RunOptions
from forgetting.runs.replaying import Replaying
from forgetting.runs.starts import Starts
from forgetting.storage import claims

if typing.TYPE_CHECKING:
  from forgetting.training.executor import Executor
  from forgetting.training.programs import Programs
  from forgetting.training.stepping import Training


def do_run(
  run: Run, options: RunOptions, *, starts: Starts | None = None
) -> dict:
  """Trains a run to its end and writes its result; a done one is read.

  Args:
    options: how and where.
    starts: what it may start from, of a process that does several runs.

  Returns:
    its result, as it is in result.json.

  Raises:
    InputError: the text, the parent or the folder is not as expected.
    Interrupted: `options.stop` was true; the state is saved.
    claims.Held: another process is doing it.
  """
  # imported here: planning a study needs the text's sizes but not JAX
  from forgetting.training import stepping

  parts = options.parts(run)
  if parts != run.micro_batches:
    executor = f"{options.executor}, batches in {parts} parts"
    options = dataclasses.replace(options, executor=executor)
  return stepping.take_steps(
    steps_of(
      run,
      options,
      programs=functools.partial(compiled_for, run, parts),
      starts=starts or Starts(),
    )
  )


def compiled_for(run: Run, parts: int) -> Programs:
  """The programs of a run that is trained alone, compiled once a shape.

  Args:
    parts: that a batch is computed in.
  """
  from forgetting.training import compilation
  from forgetting.training.programs import compile_programs

  with compilation.one_at_a_time(canonical.to_json(run.model)):
    return compile_programs(
      run.model,
      batch_size=run.batch_size,
      micro_batches=parts,
      method=run.method.program,
      optimizer=run.optimizer.kind,
    )


def steps_of(
  run: Run,
  options: RunOptions,
  *,
  programs: Callable[[], Executor],
  starts: Starts,
) -> Training:
  """A run from its config to its result, which asks for its training steps.

  A generator: whoever goes through it takes the steps, alone or together with
  those of other runs. See `training.stepping`.

  Args:
    options: how and where.
    programs: gives its compiled programs.
    starts: what it may start from.

  Returns:
    its result, which is written.

  Raises:
    InputError: the text, the parent or the folder is not as expected.
    Interrupted: `options.stop` was true; the state is saved.
    claims.Held: another process is doing it.
  """
  directory = options.study.of(run)
  if directory.done:
    return directory.result()
  from forgetting.training import processes

  _check_processes(run)
  read = samples.resolved(run, options.study)
  text_checks.check_text(read)
  if not processes.first():
    directory = Followed(directory.path)
  directory.create(
    run, text=run_text.text_fingerprint(read), parent=run_text.identity(run)
  )
  with _claimed(run, directory) as claim:
    if directory.done:  # by another, just now
      return directory.result()
    claimed = dataclasses.replace(
      options, stop=claim.asked_before(options.stop)
    )
    result = yield from _trained(
      run, read, directory, claimed, programs, starts
    )
    claim.confirm()
    directory.write_result(result)
    if run.parent is not None:
      directory.remove_checkpoints()
    processes.wait_for_others("written")
    return result


def _trained(
  run: Run,
  read: Run,
  directory: RunDirectory,
  options: RunOptions,
  programs: Callable[[], Executor],
  starts: Starts,
) -> Training:
  """Its result, not yet written; `read` says what text it reads."""
  from forgetting.training import loop, processes
  from forgetting.training.clock import Clock

  began, clock = time.perf_counter(), Clock()
  restarts = directory.begin_attempt()
  earlier = _seconds_before(directory)
  if earlier:
    clock.spent["earlier attempts"] = earlier
  processes.wait_for_others("created")
  compiled = clock.time("compilation", programs)
  start = clock.time("start", starts.of, read, options.study, compiled)
  replay = Replaying(read, directory, start.evaluator, start.base.pool)
  replay.measure_before(options.study)
  mixture = replay.mixture()
  measured = yield from loop.train(
    run,
    directory=directory,
    evaluator=start.evaluator,
    params=start.params,
    base=start.base,
    epoch_chunks=mixture.target and mixture.target.chunks,
    batches=lambda first: replay.mixture().batches(
      first, run.steps, **processes.share()
    ),
    renew=replay.measure_online,
    clock=clock,
    saves=options.saves,
    stop=options.stop,
  )
  about = dict(
    **_weighted(mixture),
    text=run_text.text_fingerprint(read),
    data=run_text.provenance(read),
    **_of_checkpoint(run),
    executor=options.executor,
    versions=_versions(),
    host=platform.node(),
    device=compiled.device,
    processes=processes.count(),
    restarts=restarts,
    wall_seconds=earlier + time.perf_counter() - began,
  )
  return axes(options.study.name, run) | measured | about


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
  from forgetting.training import processes

  if run.replay is not None and processes.count() > 1:
    raise InputError(
      f"{run.name}: found {processes.count()} processes, expected one: a run"
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


def _of_checkpoint(run: Run) -> dict:
  """What of a public checkpoint belongs to the numbers that stand on it."""
  if not isinstance(run.parent, Pretrained):
    return {}
  return dict(parent=dict(path=run.parent.path, **run_text.identity(run)))


def _versions() -> dict[str, str]:
  packages = ("forgetting", "jax", "jaxlib", "flax", "optax", "numpy")
  versions = {name: importlib.metadata.version(name) for name in packages}
  return versions | {"python": platform.python_version()}
