"""Does runs of one shape together, in the slots of a fleet."""

import collections
from collections.abc import Callable, Generator, Iterable, Iterator
import functools
from typing import NamedTuple

from forgetting.config import Run
from forgetting.config.saves import Saves


class Ended(NamedTuple):
  """A run that has ended, with its result or with what stopped it."""

  run: Run
  result: dict | None
  error: Exception | None


def shape_of(run: Run) -> tuple:
  """What runs must have in common to be trained as one program."""
  return run.model, run.batch_size, run.micro_batches


def is_out_of_memory(error: Exception) -> bool:
  """Whether it says that the devices' memory is too small."""
  return "RESOURCE_EXHAUSTED" in str(error)


def executor(fleet) -> str:
  """How its runs are trained, in words for their results."""
  return f"a slot in a fleet of {fleet.slots}"


def do_runs(
  runs: Iterable[Run],
  fleet,
  *,
  root: str,
  study: str,
  saves: Saves = Saves(),
  stop: Callable[[], bool] = lambda: False,
) -> Iterator[Ended]:
  """Trains runs to their ends, each by its own rule; gives each as it ends.

  What a run measures is what it measures alone, within float rounding.

  Args:
    runs: of one shape; what they need is done.
    fleet: `training.fleet.Fleet` of that shape.
    root, study, saves, stop: as of `run.steps_of`. After `stop` every
      run under way ends with `training.loop.Interrupted`, saved.
  """
  from forgetting.runs.run import steps_of

  waiting, slots = collections.deque(runs), _Slots(fleet.slots)
  begin = functools.partial(
    steps_of,
    programs=lambda: fleet,
    root=root,
    study=study,
    executor=executor(fleet),
    saves=saves,
    stop=stop,
  )
  try:
    yield from _work(waiting, slots, begin, fleet, stop)
  finally:
    slots.close()


def _work(waiting, slots: "_Slots", begin, fleet, stop) -> Iterator[Ended]:
  while True:
    while waiting and not stop() and (slot := slots.free()) is not None:
      run = waiting.popleft()
      slots.seat(slot, run, begin(run))
      if ended := slots.go_on(slot):
        yield ended
    if not slots.asked:
      return
    for slot, stepped in fleet.step(slots.asked).items():
      if ended := slots.go_on(slot, stepped):
        yield ended


class _Slots:
  """Runs under way, and the steps that they ask for.

  Attributes:
    asked: slot -> `training.loop.Step`.
  """

  def __init__(self, count: int):
    self.asked = {}
    self._count = count
    self._runs = {}

  def free(self) -> int | None:
    """The first slot without a run."""
    slots = range(self._count)
    return next((slot for slot in slots if slot not in self._runs), None)

  def seat(self, slot: int, run: Run, training: Generator) -> None:
    self._runs[slot] = run, training

  def close(self) -> None:
    """Ends what is under way, so that it can be begun anew."""
    for _, training in self._runs.values():
      training.close()

  def go_on(self, slot: int, stepped=None) -> Ended | None:
    """Lets a run go on to its next step, or to its end."""
    run, training = self._runs[slot]
    try:
      self.asked[slot] = training.send(stepped)
      return None
    except StopIteration as done:
      ended = Ended(run, done.value, None)
    except Exception as error:  # of this run alone: the others go on
      if is_out_of_memory(error):
        raise  # of the whole fleet: a smaller one leaves more memory
      ended = Ended(run, None, error)
    self.asked.pop(slot, None)
    del self._runs[slot]
    return ended
