"""When a run saves: every so often, and when it is stopped."""

from collections.abc import Callable
import enum
import time

from forgetting.config.saves import Saves
from forgetting.training import processes

# A run that is killed without a warning has lost no more than that.
SECONDS = 600.0


class Ask(enum.IntEnum):
  """What the processes of a run ask for; of several the largest counts."""

  NOTHING = 0
  SAVE = 1
  STOP = 2  # after saving


def asking(stop: Callable[[], bool], saves: Saves) -> Callable[[int], Ask]:
  """What to do at a step, the same on all processes of a run.

  Args:
    stop: whether this process was told to stop.
    saves: without a number of steps, SECONDS by the first process's clock.
  """
  saved, every = time.monotonic(), saves.every

  def own() -> int:
    nonlocal saved
    if stop():
      return Ask.STOP
    if every or not processes.first() or time.monotonic() < saved + SECONDS:
      return Ask.NOTHING
    saved = time.monotonic()
    return Ask.SAVE

  together = processes.agreed(own)

  def ask(step: int) -> Ask:
    asked = Ask(together())
    due = every is not None and step > 0 and step % every == 0
    return max(asked, Ask.SAVE if due else Ask.NOTHING)

  return ask
