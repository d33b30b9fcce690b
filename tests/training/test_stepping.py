import numpy as np

from forgetting.training.stepping import StepAsked, StepDone, take_steps


class Counting:
  """Programs that count."""

  def train(self, state, base, batch, hyperparameters):
    return state + batch * hyperparameters, (base, state)


def run(steps: int, seen: list):
  state = 0
  for step in range(steps):
    done = yield StepAsked(Counting(), state, "base", step, 2)
    assert isinstance(done, StepDone) and done.seconds >= 0
    seen.append(done.metrics)
    state = done.state
  return dict(state=state)


def test_every_step_asked_for_is_done_and_its_outcome_sent_back():
  seen = []
  assert take_steps(run(4, seen)) == dict(state=2 * (0 + 1 + 2 + 3))
  assert seen == [("base", s) for s in np.cumsum([0, 0, 2, 4])]


def test_a_run_that_asks_for_nothing_ends_at_once():
  assert take_steps(run(0, [])) == dict(state=0)
