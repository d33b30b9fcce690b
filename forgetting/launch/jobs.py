"""What is to be launched: a study's runs that have no result yet."""

from collections.abc import Mapping, Sequence
import dataclasses

from forgetting.config import Run, Study
from forgetting.config.saves import Saves
from forgetting.records import RunDirectory
from forgetting.storage import places


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
    domain, pretraining: the text in place of the config's, as the user typed
      it; a worker must be told the same.
    saves: what of a run is kept.
  """

  study_file: str
  study: Study
  root: str
  todo: tuple[Run, ...]
  profile: Mapping[str, object] = dataclasses.field(default_factory=dict)
  profile_file: str | None = None
  domain: tuple[str, ...] = ()
  pretraining: tuple[str, ...] = ()
  saves: Saves = Saves()

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
    return run + self.own_text + self.saves.arguments

  @property
  def own_text(self) -> list[str]:
    """Arguments that tell any command of the text in place of the config's."""
    out = []
    if self.domain:
      out += ["--domain", *self.domain]
    if self.pretraining:
      out += ["--pretraining", *self.pretraining]
    return out


def outstanding(
  study: Study, runs: Sequence[Run], *, root: str
) -> tuple[Run, ...]:
  """Those of the runs that have no result and whose needs can be met.

  What needs a run that has diverged can never be done and is left out.
  """
  directories = [RunDirectory.of(root, study.name, run) for run in runs]
  found = places.each(directories, lambda directory: directory.done)
  done = {
    d.path.name for d, there in zip(directories, found, strict=True) if there
  }
  seen: dict[str, str] = {}
  return tuple(
    run for run in runs if _state(study, run, root, done, seen) is _TO_DO
  )


_DONE, _TO_DO, _LOST = "done", "to do", "lost"


def _state(
  study: Study, run: Run, root: str, done: set[str], seen: dict[str, str]
) -> str:
  if run.name not in seen:
    needed = {_state(study, need, root, done, seen) for need in run.needs}
    if run.name in done:
      # of a fine-tuning that nothing needs only this much matters
      diverged = run.parent is None and _diverged(study, run, root)
      seen[run.name] = _LOST if diverged else _DONE
    else:
      seen[run.name] = _LOST if _LOST in needed else _TO_DO
  return seen[run.name]


def _diverged(study: Study, run: Run, root: str) -> bool:
  result = RunDirectory.of(root, study.name, run).result()
  return result["status"] == "diverged"
