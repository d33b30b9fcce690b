"""A study's runs as SLURM job arrays: each waits for what its runs need."""

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
import hashlib

from forgetting.config import Run


@dataclasses.dataclass(frozen=True)
class Element:
  """One of an array, which does one run.

  Attributes:
    job: id, or the key of an array that is submitted before.
    index: in it: `SLURM_ARRAY_TASK_ID`.
  """

  job: str
  index: int


@dataclasses.dataclass(frozen=True)
class Array:
  """Runs that start after the same others.

  Attributes:
    key: eight hex digits of what it holds; in its job's name.
    after: elements that have to end well before.
  """

  key: str
  runs: tuple[Run, ...]
  after: tuple[Element, ...]

  @property
  def names(self) -> str:
    """A line a run; the element of index i does the run of line i."""
    return "".join(f"{run.name}\n" for run in self.runs)


def arrays(
  todo: Sequence[Run], *, at_most: int, queued: Mapping[str, Element], salt: str
) -> list[Array]:
  """Arrays in the order in which they are to be submitted.

  Args:
    todo: neither done nor queued, each after those that it needs.
    at_most: elements of an array.
    queued: run name -> its element, of what is queued already.
    salt: what tells these arrays from another study's or root's.
  """
  elements, out = dict(queued), []
  for level in _levels(todo):
    groups: dict[tuple[Element, ...], list[Run]] = {}
    for run in level:
      needed = (elements[n.name] for n in run.needs if n.name in elements)
      after = tuple(sorted(set(needed), key=lambda e: (e.job, e.index)))
      groups.setdefault(after, []).append(run)
    for after, runs in groups.items():
      for part in _parts(runs, at_most):
        array = Array(_key(salt, part), tuple(part), after)
        out.append(array)
        elements |= {r.name: Element(array.key, i) for i, r in enumerate(part)}
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
