"""What of a run is kept on disk beside its results."""

import dataclasses

from forgetting.config.checks import Config, check


@dataclasses.dataclass(frozen=True, kw_only=True)
class Saves(Config):
  """Checkpoints and best parameters: changes no number, enters no name.

  Attributes:
    every: steps from one to the next; None: ten minutes. A pretraining is
      saved at its end as well; a fine-tuning's are removed there.
    best: whether a fine-tuning's best parameters are kept, under best/.
    parents: names of fine-tunings whose are kept in any case: others start
      from them.
  """

  every: int | None = None
  best: bool = False
  parents: tuple[str, ...] = ()

  def _check(self) -> None:
    enough = self.every is None or self.every >= 1
    check(enough, "--save-every", self.every, "1 step or more")

  def keeps_best(self, name: str) -> bool:
    """Whether the best parameters of a fine-tuning are kept.

    Args:
      name: the run's.
    """
    return self.best or name in self.parents

  @property
  def arguments(self) -> list[str]:
    """Options of `forgetting study` and `run` that save like this."""
    every = [] if self.every is None else ["--save-every", str(self.every)]
    return every + (["--keep-best"] if self.best else [])
