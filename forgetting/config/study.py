"""A named set of runs."""

import dataclasses
import re

from forgetting.config.checks import Config, check
from forgetting.config.ranges import Positive
from forgetting.config.run import Run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Study(Config):
  """A named set of runs; parents of the runs given belong to it.

  Attributes:
    name: of the folder of its results.
    runs: what it is made of, without what they need.
    tolerance: nats per token of forgetting that the page's advice allows.
  """

  name: str
  runs: tuple[Run, ...]
  tolerance: Positive = 0.05

  def _check(self) -> None:
    check(
      re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.name) is not None,
      "Study.name",
      self.name,
      "letters, digits, '.', '_' and '-': it names a folder",
    )
    check(bool(self.runs), "Study.runs", self.runs, "at least one run")

  def ordered(self) -> tuple[Run, ...]:
    """Every run once, each after those that it needs."""
    found: dict[Run, None] = {}

    def add(run: Run) -> None:
      for needed in run.needs:
        add(needed)
      found.setdefault(run)

    for run in sorted(self.runs, key=lambda run: run.replay is not None):
      add(run)
    parents = [run for run in found if run.parent is None]
    return tuple(dict.fromkeys([*parents, *found]))

  @property
  def continued(self) -> tuple[str, ...]:
    """Names of the fine-tunings that others start from."""
    parents = (run.parent for run in self.ordered())
    found = [p for p in parents if isinstance(p, Run) and p.domain is not None]
    return tuple(run.name for run in dict.fromkeys(found))
