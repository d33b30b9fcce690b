"""What became of a study in one call."""

import dataclasses
import json
import pathlib

from forgetting.cost.memory import peak_memory
from forgetting.storage import places


@dataclasses.dataclass
class Summary:
  """What became of a study.

  Attributes:
    done, skipped: names of runs that this call did, or found done.
    elsewhere: names of runs that other processes did in the meantime.
    failed: name -> one line: runs, diverged ones among them, and domains
      whose text cannot be had.
    left_out: names of runs whose parent or domain failed.
    workers: pid -> what that process imported and compiled.
    text_seconds, seconds: wall time of preparing text, of the runs.
  """

  done: list[str] = dataclasses.field(default_factory=list)
  skipped: list[str] = dataclasses.field(default_factory=list)
  elsewhere: list[str] = dataclasses.field(default_factory=list)
  failed: dict[str, str] = dataclasses.field(default_factory=dict)
  left_out: list[str] = dataclasses.field(default_factory=list)
  workers: dict[int, dict] = dataclasses.field(default_factory=dict)
  text_seconds: float = 0.0
  seconds: float = 0.0

  def of_workers(self, fact: str) -> float:
    """Sum of a fact over the worker processes.

    Args:
      fact: `import_seconds`, `compiled`, `from_cache` or `peak_memory_bytes`.
    """
    return sum(worker[fact] for worker in self.workers.values())

  def write(self, file: pathlib.Path) -> None:
    """Writes how this call went, as JSON: for benchmarks and the curious."""
    own_peak = peak_memory()
    facts = dict(
      runs_done=len(self.done),
      workers=len(self.workers),
      text_seconds=self.text_seconds,
      seconds=self.seconds,
      import_seconds=self.of_workers("import_seconds"),
      programs_compiled=self.of_workers("compiled"),
      programs_from_cache=self.of_workers("from_cache"),
      # each process at its own peak: not less than all of them at one time
      peak_memory_bytes=own_peak + self.of_workers("peak_memory_bytes"),
    )
    places.write(file, json.dumps(facts, indent=1).encode())

  def as_dict(self) -> dict:
    """Which runs, and how long it took, as JSON takes it."""
    names = (
      *("done", "skipped", "elsewhere", "failed", "left_out"),
      *("text_seconds", "seconds"),
    )
    return {name: getattr(self, name) for name in names}

  def __str__(self) -> str:
    line = (
      f"{len(self.done)} runs done in {self.seconds:.0f} s,"
      f" {len(self.skipped)} were done already"
    )
    if self.elsewhere:
      line += f", {len(self.elsewhere)} by other processes meanwhile"
    if self.failed:
      line += f", {len(self.failed)} failed, {len(self.left_out)} left out"
    if not self.workers:
      return line
    return (
      f"{line}\n{len(self.workers)} workers:"
      f" {self.of_workers('compiled')} programs compiled,"
      f" {self.of_workers('from_cache')} found in the compilation cache"
    )
