"""Searches that go side by side.

A small problem's time is that of its calls, not of its numbers. A search is
therefore a generator: it yields the lanes that it wants polished, it is sent
where they ended, and what it returns is its result. What several searches want
at once is polished in as few calls as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TypeVar

import numpy as np

from forgetting.laws.newton import LIMIT, Polished, Tables, polish
from forgetting.laws.problem import Problem
from forgetting.laws.varpro import fixed_point

LONG = 1000  # rows; longer tables gain nothing from company
MOST = 2_000_000  # numbers, lanes x rows, that go in one call beside others


@dataclass(frozen=True, eq=False)
class Lanes:
  """Lanes that a search wants polished: see `newton.polish`.

  Attributes:
    problem: the law, the rows, and which slots move.
    start: [lanes, slots] in the fit's coordinates.
    weight, log_loss: [lanes, rows] instead of the problem's.
    limit: iterations at most.
    exact: they end to the last bit where they would alone. Otherwise they may
      go beside lanes on which other slots move.
  """

  problem: Problem
  start: np.ndarray
  weight: np.ndarray | None = None
  log_loss: np.ndarray | None = None
  limit: int = LIMIT
  exact: bool = True


T = TypeVar("T")
Search = Generator[list[Lanes], list[Polished], T]


def run(search: Search[T]) -> T:
  """Goes through a search and gives its result."""
  try:
    wanted = next(search)
    while True:
      wanted = search.send(_polish_all(wanted))
  except StopIteration as end:
    return end.value


def polished(lanes: Lanes) -> Search[Polished]:
  """The search that wants these lanes alone."""
  (found,) = yield [lanes]
  return found


def gather(searches: Sequence[Search[T]]) -> Search[list[T]]:
  """Goes through several searches in step; gives their results in order."""
  results: dict[int, T] = {}
  wanted: dict[int, list[Lanes]] = {}

  def go_on(i: int, answer):
    try:
      wanted[i] = searches[i].send(answer)
    except StopIteration as end:
      wanted.pop(i, None)
      results[i] = end.value

  for i in range(len(searches)):
    go_on(i, None)
  while wanted:
    counts = {i: len(lanes) for i, lanes in wanted.items()}
    found = yield [lane for lanes in wanted.values() for lane in lanes]
    for i, count in counts.items():
      go_on(i, found[:count])
      found = found[count:]
  return [results[i] for i in range(len(searches))]


def once(memory: dict, key, make: Callable[[], Search[T]]) -> Search[T]:
  """What is remembered under a key, or a search's result, which then is."""
  if key not in memory:
    memory[key] = yield from make()
  return memory[key]


def _polish_all(wanted: Sequence[Lanes]) -> list[Polished]:
  """Polishes what several searches want, what is of one kind in one call."""
  kinds: dict[tuple, list[int]] = {}
  for i, lanes in enumerate(wanted):
    kinds.setdefault(_kind(lanes), []).append(i)
  found: dict[int, Polished] = {}
  for kind in kinds.values():
    numbers = [len(wanted[i].start) * wanted[i].problem.rows for i in kind]
    for members in portions(kind, numbers, MOST):
      parts = [wanted[i] for i in members]
      ends = np.cumsum([len(part.start) for part in parts])
      together = _polish(parts)
      for i, end, part in zip(members, ends, parts, strict=True):
        found[i] = together.take(slice(end - len(part.start), end))
  return [found[i] for i in range(len(wanted))]


def portions(
  items: Sequence[T], sizes: Sequence[int], most: int
) -> Iterator[list[T]]:
  """Items in order, so many at a time that together they are at most so large.

  Args:
    items: what is handed out; one that is larger comes alone.
    sizes: of each.
    most: of those that are handed out together.
  """
  portion: list[T] = []
  total = 0
  for item, size in zip(items, sizes, strict=True):
    if portion and total + size > most:
      yield portion
      portion, total = [], 0
    portion.append(item)
    total += size
  if portion:
    yield portion


def _kind(lanes: Lanes) -> tuple:
  """Lanes of the same kind may be polished in one call."""
  problem = lanes.problem
  if problem.rows > LONG:
    return (id(lanes),)
  # where a slot is held at other values it would move, and round otherwise
  held = np.where(problem.free, 0.0, fixed_point(problem))
  return (
    id(problem.law),
    problem.rows,
    tuple((slot.parameter.name, slot.group) for slot in problem.slots),
    tuple(map(id, problem.masks)),
    problem.loss,
    problem.guard,
    lanes.limit,
    (problem.free.tobytes(), held.tobytes()) if lanes.exact else None,
  )


def _polish(parts: Sequence[Lanes]) -> Polished:
  """Polishes lanes of one kind."""
  first, *rest = parts
  if not rest:
    return polish(
      first.problem,
      first.start,
      weight=first.weight,
      log_loss=first.log_loss,
      limit=first.limit,
    )
  owner = np.repeat(np.arange(len(parts)), [len(p.start) for p in parts])
  start = np.concatenate([part.start for part in parts])
  free = np.stack([part.problem.free for part in parts])
  # a slot that is held at several values moves as well, from part to part
  held = np.where(free[owner], 0.0, start)
  differs = (held != held[0]).any(axis=0)
  wide = replace(first.problem, free=free.any(axis=0) | differs)
  still = (wide.free & ~free)[owner]
  return polish(
    wide,
    start,
    weight=_rows(parts, "weight"),
    log_loss=_rows(parts, "log_loss"),
    still=still if still.any() else None,
    tables=_tables(parts, owner),
    limit=first.limit,
  )


def _rows(parts: Sequence[Lanes], name: str) -> np.ndarray | None:
  """[lanes, rows] of all parts: their own, or their problems'; None where that
  is the first problem's for all."""
  first = getattr(parts[0].problem, name)
  if all(
    getattr(part, name) is None and getattr(part.problem, name) is first
    for part in parts
  ):
    return None
  rows = []
  for part in parts:
    own = getattr(part, name)
    shape = (len(part.start), part.problem.rows)
    usual = np.broadcast_to(getattr(part.problem, name), shape)
    rows.append(usual if own is None else own)
  return np.concatenate(rows)


def _tables(parts: Sequence[Lanes], owner) -> Tables | None:
  """The values that each lane's rows have; None where all have the same."""
  values = {id(p.problem.values): p.problem.values for p in parts}
  if len(values) == 1:
    return None
  number = {key: i for i, key in enumerate(values)}
  which = np.array([number[id(part.problem.values)] for part in parts])
  rows = parts[0].problem.rows
  stacked = {
    symbol: np.stack(
      [np.broadcast_to(getattr(v, symbol), rows) for v in values.values()]
    )
    for symbol in vars(parts[0].problem.values)
  }
  return Tables(SimpleNamespace(**stacked), which[owner])
