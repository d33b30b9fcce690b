"""What a worker does with the runs that it is given, and what became of them.

Everything that a run says goes to its log, whether it is trained alone or in a
fleet; one line of it goes to whoever asked for the run.
"""

from collections.abc import Iterator, Sequence
import dataclasses
import sys
import traceback

from forgetting.config import InputError, Run
from forgetting.cost.footprint import footprint_here
from forgetting.data import cache
from forgetting.records import log as run_log
from forgetting.runs import fleets
from forgetting.runs.options import RunOptions
from forgetting.runs.run import do_run
from forgetting.runs.starts import Starts
from forgetting.storage import claims
from forgetting.training.device_memory import is_out_of_memory

STOPPED = 75  # exit code: stopped after saving


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What became of one run in one worker.

  Attributes:
    result: the run's result, or None where it has none.
    error: why it failed, one line, or None.
    held: one line, or None: another process is doing it.
    worker: facts of the process: seconds to import, programs compiled.
  """

  run: Run
  result: dict | None = None
  error: str | None = None
  held: str | None = None
  worker: dict = dataclasses.field(default_factory=dict)


def outcomes_of(
  runs: Sequence[Run],
  options: RunOptions,
  *,
  slots: int | None,
  starts: Starts,
) -> Iterator[Outcome]:
  """Does runs of one shape, together where that is faster; one outcome each.

  A fleet for which the devices have too little memory is made smaller. One
  that fails otherwise fails its runs: what is wrong with it is told, not
  passed over by doing them more slowly.

  Args:
    options: how and where.
    slots: runs that are trained together; None: as many as are measured to be
      done fastest.
    starts: what they may start from.

  Raises:
    SystemExit: with STOPPED, `options.stop` was true and what is under way has
      saved.
  """
  slots = _fastest(runs) if slots is None else slots
  left = {run.name: run for run in runs}
  while left and (slots := _shared_by_devices(slots)) > 1:
    failed = None
    try:
      together = tuple(left.values())
      for outcome in _together(together, options, slots=slots, starts=starts):
        del left[outcome.run.name]
        yield outcome
    except Exception as error:  # of the fleet, not of one of its runs
      _log_all(options, left.values(), traceback.format_exc())
      if not is_out_of_memory(error):
        failed = f"{type(error).__name__}: {error}".splitlines()[0]
    if failed is not None:
      _log_all(options, left.values(), run_log.ends(1))
      advice = f"in a fleet of {slots}; --slots 1 does runs one by one"
      for run in left.values():
        yield Outcome(run, error=f"{run.name}: {failed}; {advice}")
      return
    slots //= 2
  for run in left.values():
    yield _alone(run, options, starts)


def _fastest(runs: Sequence[Run]) -> int:
  # imported here and below: the study's own process has no use for JAX
  from forgetting.training import fleet_size

  return fleet_size.fastest(
    runs,
    folder=cache.root() / "fleets",
    bytes_of_one=footprint_here(runs[0]).total,
  )


def _shared_by_devices(slots: int) -> int:
  """So many slots or fewer, the same number on each device."""
  from forgetting.training import processes

  return slots - slots % processes.local_devices() if slots > 1 else slots


def _log_all(options: RunOptions, runs, text: str) -> None:
  for run in runs:
    run_log.append(options.study.of(run).log, text)


def _together(
  runs: Sequence[Run], options: RunOptions, *, slots: int, starts: Starts
) -> Iterator[Outcome]:
  from forgetting.training.fleet import Fleet
  from forgetting.training.loop import Interrupted

  fleet = Fleet(**fleets.shape_of(runs[0]).options, slots=slots)
  stopped = False
  _log_all(options, runs, run_log.begins(fleets.executor_of(fleet)))
  for run, result, error in fleets.do_runs(runs, fleet, options, starts=starts):
    log = options.study.of(run).log
    if isinstance(error, Interrupted):
      stopped = True
      run_log.append(log, run_log.ends(STOPPED))
    elif isinstance(error, claims.Held):
      run_log.append(log, run_log.ends(0))
      yield Outcome(run, held=str(error))
    else:
      if error:
        run_log.append(log, "".join(traceback.format_exception(error)))
      run_log.append(log, run_log.ends(1 if error else 0))
      yield Outcome(run, result, error=error and _line(run, error))
  if stopped or options.stop():
    sys.exit(STOPPED)  # the study's process knows why: it asked for it


def _alone(run: Run, options: RunOptions, starts: Starts) -> Outcome:
  """Does a run; all that it says goes to its log."""
  log = options.study.of(run).log
  run_log.append(log, run_log.begins(options.executor))
  try:
    with run_log.taking_output(log):
      outcome = _do(run, options, starts)
  except SystemExit as stopped:
    run_log.append(log, run_log.ends(stopped.code))
    raise
  run_log.append(log, run_log.ends(1 if outcome.error else 0))
  return outcome


def _do(run: Run, options: RunOptions, starts: Starts) -> Outcome:
  from forgetting.training.loop import Interrupted

  try:
    return Outcome(run, do_run(run, options, starts=starts))
  except Interrupted:
    sys.exit(STOPPED)  # the study's process knows why: it asked for it
  except claims.Held as held:
    return Outcome(run, held=str(held))
  except InputError as error:
    print(f"forgetting: {error}", file=sys.stderr, flush=True)
    return Outcome(run, error=_line(run, error))
  except Exception as error:  # a bug: its run fails, the study goes on
    traceback.print_exc()
    return Outcome(run, error=_line(run, error))


def _line(run: Run, error: Exception) -> str:
  """What failed, in one line."""
  if isinstance(error, InputError):
    return str(error)
  return f"{run.name}: {type(error).__name__}: {error}".splitlines()[0]
