"""How and where runs are done: what is the same for all runs of a study."""

from collections.abc import Callable
import dataclasses

from forgetting.config import Run
from forgetting.config.saves import Saves
from forgetting.records import StudyDirectory


def as_asked(run: Run) -> int:
  """The parts of a batch that a run's config asks for."""
  return run.micro_batches


def never() -> bool:
  """A `stop` that lets runs go on to their ends."""
  return False


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
  """How and where runs are done; nothing here changes more than last bits.

  Attributes:
    study: where their directories are.
    executor: how they are trained, in words for their results.
    saves: what of a run is kept beside its results.
    parts: in how many a run's batch is computed, where it is trained alone.
    stop: asked before every step; when true the run saves its state and ends
      with `Interrupted`.
  """

  study: StudyDirectory
  executor: str
  saves: Saves = Saves()
  parts: Callable[[Run], int] = as_asked
  stop: Callable[[], bool] = never
