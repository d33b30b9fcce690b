"""This machine: what a launch would start, and what is under way."""

from collections.abc import Sequence

from forgetting.config import Run, Study
from forgetting.records import RunDirectory
from forgetting.storage import claims, places
from forgetting.study import seats


def running(study: Study, runs: Sequence[Run], *, root: str) -> set[str]:
  """Names of those of the runs that some process is at, here or elsewhere."""
  paths = [RunDirectory.of(root, study.name, run).path for run in runs]
  at_them = places.each(paths, claims.held)
  return {run.name for run, held in zip(runs, at_them, strict=True) if held}


def would_start(todo: Sequence[Run], *, number: int | None) -> str:
  """What `--dry-run` tells of this machine."""
  if not todo:
    return "nothing to do: every run is done"
  taken = seats.seats()[:number][: len(todo)]
  lines = "\n".join(f"  {run.name}" for run in todo)
  how = taken[0].executor
  return f"{len(taken)} workers, {how}, would do\n{lines}"
