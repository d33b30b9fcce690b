"""Does runs of one shape together, in the slots of a fleet."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator
import dataclasses
import functools
import typing

from forgetting.config import Method, Model, Run
from forgetting.config.method import FULL
from forgetting.runs.options import RunOptions
from forgetting.runs.run import steps_of
from forgetting.runs.starts import Starts
from forgetting.training.device_memory import is_out_of_memory

if typing.TYPE_CHECKING:
  from forgetting.training.fleet import Fleet
  from forgetting.training.stepping import StepAsked, StepDone, Training


class Ended(typing.NamedTuple):
  """A run that has ended, with its result or with what stopped it."""

  run: Run
  result: dict | None
  error: Exception | None


class Shape(typing.NamedTuple):
  """What runs must have in common to be trained as one program.

  Attributes:
    model: of the runs.
    batch_size: sequences of a batch.
    micro_batches: parts that it is computed in.
    method: by which they change the weights, without what is traced of it.
    optimizer: its kind.
    parent: whose frozen parameters they share; None where they have none.
  """

  model: Model
  batch_size: int
  micro_batches: int
  method: Method
  optimizer: str
  parent: Run | None

  @property
  def options(self) -> dict:
    """As of `compile_programs` and of `Fleet`."""
    return {k: v for k, v in self._asdict().items() if k != "parent"}


def shape_of(run: Run) -> Shape:
  """What a run must share with others to be trained with them."""
  return Shape(
    run.model,
    run.batch_size,
    run.micro_batches,
    run.method.program,
    run.optimizer.kind,
    None if run.method == FULL else run.parent,
  )


def executor_of(fleet: Fleet) -> str:
  """How a fleet's runs are trained, in words for their results."""
  return f"a slot in a fleet of {fleet.slots}"


def do_runs(
  runs: Iterable[Run],
  fleet: Fleet,
  options: RunOptions,
  *,
  starts: Starts,
) -> Iterator[Ended]:
  """Trains runs to their ends, each by its own rule; gives each as it ends.

  What a run measures is what it measures alone, within float rounding.

  Args:
    runs: of one shape; what they need is done.
    fleet: of that shape.
    options: how and where; their results name the fleet as what trained them.
      After `stop` every run under way ends with `Interrupted`, saved.
    starts: what they may start from.

  Raises:
    Exception: the fleet itself fails, as where its devices have too little
      memory. What stops one run alone is told in its `Ended`.
  """
  waiting, slots = collections.deque(runs), _Slots(fleet.slots)
  begin = functools.partial(
    steps_of,
    options=dataclasses.replace(options, executor=executor_of(fleet)),
    programs=lambda: fleet,
    starts=starts,
  )
  try:
    yield from _work(waiting, slots, begin, fleet, options.stop)
  finally:
    slots.close()
    starts.forget(fleet)  # its states fill the devices


def _work(
  waiting: collections.deque[Run],
  slots: _Slots,
  begin: Callable[[Run], Training],
  fleet: Fleet,
  stop: Callable[[], bool],
) -> Iterator[Ended]:
  while True:
    while waiting and not stop() and (slot := slots.free()) is not None:
      run = waiting.popleft()
      slots.seat(slot, run, begin(run))
      if ended := slots.go_on(slot):
        yield ended
    if not slots.asked:
      return
    for slot, done in fleet.step(slots.asked).items():
      if ended := slots.go_on(slot, done):
        yield ended


class _Slots:
  """Runs under way, and the steps that they ask for.

  Attributes:
    asked: slot -> the step that its run waits for.
  """

  def __init__(self, count: int):
    self.asked: dict[int, StepAsked] = {}
    self._count = count
    self._runs: dict[int, tuple[Run, Training]] = {}

  def free(self) -> int | None:
    """The first slot without a run."""
    slots = range(self._count)
    return next((slot for slot in slots if slot not in self._runs), None)

  def seat(self, slot: int, run: Run, training: Training) -> None:
    """Gives a run a slot; it is at its beginning."""
    self._runs[slot] = run, training

  def close(self) -> None:
    """Ends what is under way, so that it can be begun anew."""
    for _, training in self._runs.values():
      training.close()

  def go_on(self, slot: int, done: StepDone | None = None) -> Ended | None:
    """Lets a run go on to its next step, or to its end.

    Args:
      done: the step that it asked for; None at its beginning.

    Returns:
      what became of it, where it has ended.
    """
    run, training = self._runs[slot]
    try:
      self.asked[slot] = training.send(done)
      return None
    except StopIteration as over:
      ended = Ended(run, over.value, None)
    except Exception as error:  # of this run alone: the others go on
      if is_out_of_memory(error):
        raise  # of the whole fleet: a smaller one leaves more memory
      ended = Ended(run, None, error)
    self.asked.pop(slot, None)
    del self._runs[slot]
    return ended
