"""How a run's training takes its steps: it asks for them.

A run is a generator, `Training`. It evaluates, saves and draws by itself; when
it needs a training step it yields a `StepAsked` and goes on when it is sent the
`StepDone`; what it returns is its measurements. So one and the same code
trains a run alone, where `take_steps` does each step as it is asked for, and in
a fleet, where the steps that many runs ask for are done as one program.
"""

from collections.abc import Generator, Mapping, Sequence
import time
from typing import NamedTuple, cast

from forgetting.training.executor import Alone, Executor
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters


class StepAsked(NamedTuple):
  """What a run asks for between its evaluations: one training step."""

  executor: Executor
  state: Mapping
  frozen: Params  # what its method leaves alone
  batch: dict
  hyperparameters: Hyperparameters


class StepDone(NamedTuple):
  """What it is given back."""

  state: Mapping
  metrics: Sequence  # loss and gradient norm, as the devices will have them
  seconds: float  # of the host


Training = Generator[StepAsked, StepDone, dict]


def take_steps(training: Training) -> dict:
  """Does a run's steps one by one, by the programs that it brings.

  Returns:
    what the run returns.
  """
  try:
    asked = next(training)
    while True:
      start = time.perf_counter()
      executor, *arguments = asked
      state, metrics = cast(Alone, executor).train(*arguments)
      seconds = time.perf_counter() - start
      asked = training.send(StepDone(state, metrics, seconds))
  except StopIteration as done:
    return done.value
