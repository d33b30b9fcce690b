"""A study's runs as SLURM job arrays: each waits for what its runs need."""

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
import hashlib

from forgetting.config import Run


@dataclasses.dataclass(frozen=True)
class Task:
  """An element of an array: `SLURM_ARRAY_TASK_ID` of a job."""

  job: str  # id, or the key of an array that is submitted before
  index: int


@dataclasses.dataclass(frozen=True)
class Array:
  """Runs that wait for the same tasks.

  Attributes:
    key: eight hex digits of what it holds; in its job's name.
    after: tasks that have to end well before.
  """

  key: str
  runs: tuple[Run, ...]
  after: tuple[Task, ...]

  @property
  def names(self) -> str:
    """A line a run; the task of index i does the run of line i."""
    return "".join(f"{run.name}\n" for run in self.runs)


def arrays(
  todo: Sequence[Run], *, at_most: int, queued: Mapping[str, Task], salt: str
) -> list[Array]:
  """Arrays in the order in which they are to be submitted.

  Args:
    todo: neither done nor queued, each after those that it needs.
    at_most: tasks of an array.
    queued: run name -> its task, of what is queued already.
    salt: what tells these arrays from another study's or root's.
  """
  tasks, out = dict(queued), []
  for level in _levels(todo):
    groups: dict[tuple[Task, ...], list[Run]] = {}
    for run in level:
      needed = (tasks[n.name] for n in run.needs if n.name in tasks)
      after = tuple(sorted(set(needed), key=lambda t: (t.job, t.index)))
      groups.setdefault(after, []).append(run)
    for after, runs in groups.items():
      for part in _parts(runs, at_most):
        array = Array(_key(salt, part), tuple(part), after)
        out.append(array)
        tasks |= {r.name: Task(array.key, i) for i, r in enumerate(part)}
  return out


def _levels(todo: Sequence[Run]) -> list[list[Run]]:
  """Runs that need none of the others, those that need these, and so on."""
  depth, levels = {}, []
  for run in todo:
    below = [depth[n.name] for n in run.needs if n.name in depth]
    depth[run.name] = max(below, default=-1) + 1
    if depth[run.name] == len(levels):
      levels.append([])
    levels[depth[run.name]].append(run)
  return levels


def _parts(runs: Sequence[Run], at_most: int) -> Iterator[Sequence[Run]]:
  for first in range(0, len(runs), at_most):
    yield runs[first : first + at_most]


def _key(salt: str, runs: Sequence[Run]) -> str:
  text = "\n".join([salt, *(run.name for run in runs)])
  return hashlib.sha256(text.encode()).hexdigest()[:8]
