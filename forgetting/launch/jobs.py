"""What is to be launched: a study's runs that have no result yet."""

from collections.abc import Mapping, Sequence
import dataclasses

from forgetting.config import Run, Study
from forgetting.config.saves import Saves
from forgetting.records import StudyDirectory, state


@dataclasses.dataclass(frozen=True, kw_only=True)
class Launch:
  """What an engine is given.

  Attributes:
    study_file: the config, as the user typed it.
    study: all of it, also what is not to be done now.
    root: results go to <root>/<study name>/; local or gs://.
    todo: the runs that are chosen and have no result, each after those that it
      needs. What it needs and is not in here is done.
    profile: the engine's settings, from the user's TOML; see `profile`.
    profile_file: its name, for messages; None where none was given.
    domain, pretraining, model: text and checkpoints in place of the config's,
      as the user typed them; a worker must be told the same.
    arguments: others of the config's study(), likewise.
    saves: what of a run is kept.
    log: tracker that the curves are sent to; None: none.
    workers: processes of this machine; None: one a GPU, or one a core.
    slots: runs that such a process trains together; None: as it likes.
    names: whether what is told of this machine lists its runs.
  """

  study_file: str
  study: Study
  root: str
  todo: tuple[Run, ...]
  profile: Mapping[str, object] = dataclasses.field(default_factory=dict)
  profile_file: str | None = None
  domain: tuple[str, ...] = ()
  pretraining: tuple[str, ...] = ()
  model: tuple[str, ...] = ()
  arguments: tuple[str, ...] = ()
  saves: Saves = Saves()
  log: str | None = None
  workers: int | None = None
  slots: int | None = None
  names: bool = False

  @property
  def directory(self) -> StudyDirectory:
    """Where the study's run directories are."""
    return StudyDirectory.at(self.root, self.study.name)

  def worker(self, name: str) -> list[str]:
    """Arguments of `forgetting` that do the run of that name.

    An engine puts its program before them, as `["forgetting"]` or `[python,
    "-m", "forgetting"]`, and passes the exit code on: 0 done, 75 stopped and
    saved, run it again; 3 a run that it needs is not done; 4 another process
    is at it; else it failed.
    Where files lie elsewhere, take them from `dataclasses.replace(launch,
    study_file=..., root=...)`.
    """
    run = ["run", self.study_file, "--name", name, "--root", self.root]
    log = [] if self.log is None else ["--log", self.log]
    return run + self.own_text + self.saves.arguments + log

  @property
  def own_text(self) -> list[str]:
    """Arguments that tell any command of the text in place of the config's."""
    out = []
    if self.domain:
      out += ["--domain", *self.domain]
    if self.pretraining:
      out += ["--pretraining", *self.pretraining]
    if self.model:
      out += ["--model", *self.model]
    for argument in self.arguments:
      out += ["--set", argument]
    return out


def outstanding(study: StudyDirectory, runs: Sequence[Run]) -> tuple[Run, ...]:
  """Those of the runs that have no result and whose needs can be met.

  What needs a run that has diverged can never be done and is left out.

  Args:
    study: where their directories are.
    runs: in any order, which is kept.
  """
  found = state.by_results(study, runs)
  return tuple(b.run for b in found if b.state in state.OUTSTANDING)
