"""This machine: what its processes are doing, and what a launch would start."""

from collections.abc import Sequence
import os
import platform

from forgetting import seats
from forgetting.config import Run, Study
from forgetting.records import RunDirectory


def running(study: Study, runs: Sequence[Run], *, root: str) -> set[str]:
  """Names of those of the runs that a process of this machine is at."""
  host, out = platform.node(), set()
  for run in runs:
    attempt = RunDirectory.of(root, study.name, run).attempt()
    if attempt.get("host") == host and _alive(attempt["pid"]):
      out.add(run.name)
  return out


def _alive(pid: int) -> bool:
  try:
    os.kill(pid, 0)
  except ProcessLookupError:
    return False
  except PermissionError:  # another user's
    return True
  return True


def would_start(todo: Sequence[Run], *, number: int | None) -> str:
  """What `--dry-run` tells of this machine."""
  if not todo:
    return "nothing to do: every run is done"
  taken = seats.seats()[:number][: len(todo)]
  lines = "\n".join(f"  {run.name}" for run in todo)
  how = taken[0].executor
  return f"{len(taken)} workers, {how}, would do\n{lines}"
