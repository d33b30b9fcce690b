"""How well a form of the forgetting law did at the distance that is asked for.

A form is refitted without some runs and predicts them as it would predict a
plan: where it counts tokens, those that the schedule of the other runs tells.
What it missed is told in nats of forgetting, the unit of a tolerance.

Which runs: for a question inside the data every cell (N, D) in turn; for one
beyond them the runs of the largest (or smallest) sizes on the axes on which it
lies beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from forgetting.laws import lockstep
from forgetting.laws import table as tables
from forgetting.laws.lockstep import Search
from forgetting.laws.schedule import schedule_of
from forgetting.laws.solve import lowest_each
from forgetting.laws.uncertainty import refit
from forgetting.laws.vocabulary import CELL

STARTS = 6
OUTSIDE = 1.25  # a factor beyond the data that is another question
AXES = {"N": "model sizes", "D": "amounts of target text"}


@dataclass(frozen=True)
class Trial:
  """What a form missed on runs that it had not seen.

  Attributes:
    where: which runs were left out, in words.
    error: mean size of what was missed, nats per token of forgetting;
      infinite where the data allow no such trial.
    spread: its root mean square, nats per token.
    distance: how far the runs lay beyond those that were seen, in e-folds; 0
      for cells among others.
    rows: how many were predicted.
  """

  where: str
  error: float = np.inf
  spread: float = np.inf
  distance: float = 0.0
  rows: int = 0

  @classmethod
  def of(cls, where: str, missed, distance: float = 0.0) -> Trial:
    """Sums up what was missed [rows], nats per token."""
    error = float(np.mean(np.abs(missed)))
    spread = float(np.sqrt(np.mean(np.square(missed))))
    return cls(where, error, spread, float(distance), len(missed))

  def as_dict(self) -> dict:
    """As JSON takes it: what is infinite is null."""
    known = asdict(self)
    for name in ("error", "spread"):
      if np.isinf(known[name]):
        known[name] = None
    return known

  @classmethod
  def from_dict(cls, stored: dict) -> Trial:
    """Reads what `as_dict` gave."""
    known: dict = {k: np.inf if v is None else v for k, v in stored.items()}
    return cls(**known)


def side(fitted, point) -> tuple[tuple[str, int], ...]:
  """Tells on which axes a question lies beyond the data, and on which side.

  Args:
    fitted: a `fitted.Fit`.
    point: N and D of the question.

  Returns:
    (symbol, 1 above or -1 below); () inside.
  """
  out = []
  for symbol in AXES:
    least, greatest = fitted.ranges[symbol]
    if point[symbol] > greatest * OUTSIDE:
      out.append((symbol, 1))
    elif point[symbol] < least / OUTSIDE:
      out.append((symbol, -1))
  return tuple(out)


def trial(fitted, beyond: tuple[tuple[str, int], ...]) -> Trial:
  """Tries a form at a distance, once; later calls get the same.

  Args:
    fitted: a `fitted.Fit` of a forgetting law; without its data it knows the
      trials that it was stored with.
    beyond: as `side` tells it.

  Returns:
    a Trial; one without rows where the data do not allow it.
  """
  return lockstep.run(trying(fitted, beyond))


def trying(fitted, beyond: tuple[tuple[str, int], ...]) -> Search[Trial]:
  """`trial`, as a search that others may go beside."""
  key = ("trial", beyond)
  if key not in fitted.memory:
    if fitted.data is None:
      return Trial("the fit was read without its runs")
    # one side is seldom asked for alone, and all take hardly longer than one
    made = yield from _every_side(fitted) if beyond else _cells(fitted)
    fitted.memory.update({("trial", where): t for where, t in made.items()})
  return fitted.memory[key]


def every_trial(fitted) -> dict[tuple[tuple[str, int], ...], Trial]:
  """Tries a form inside its data and on every side of them.

  Args:
    fitted: a `fitted.Fit`.

  Returns:
    where (as `side` tells it) -> Trial; {} for a law that is not of
    forgetting by N, D and p.
  """
  return lockstep.run(trying_everywhere(fitted))


def trying_everywhere(
  fitted,
) -> Search[dict[tuple[tuple[str, int], ...], Trial]]:
  """`every_trial`, as a search that others may go beside."""
  if fitted.law.family != "forgetting":
    return {}
  made = {}
  for where in sides():
    made[where] = yield from trying(fitted, where)
  return made


def sides() -> list[tuple[tuple[str, int], ...]]:
  """Inside the data, and every side of them, as `side` tells them."""
  return [
    tuple((s, sign) for s, sign in zip(AXES, way, strict=True) if sign)
    for way in product((0, 1, -1), repeat=len(AXES))
  ]


# Part of the forgetting without injection that a form misses of a cell that it
# has not seen, for runs that allow no trial: the median of 66 trials, eleven
# forms on the six domains of the quickstart and of colabs/example (.05 to .36).
UNTRIED = 0.12


def spread_at(fitted, point, lost: float) -> float:
  """Tells how far the form may be off at a point, by its own trials.

  Between the cells of the data it is what each cell missed when it was left
  out. Beyond them it grows with the distance, from there to what was missed at
  the edge, and on at that pace.

  Args:
    fitted: a fit of a forgetting law.
    point: N and D of the question.
    lost: forgetting there without injection, nats per token: what a form that
      the runs do not allow to try is taken to be off by is a part of it.

  Returns:
    a standard deviation of forgetting, nats per token.
  """
  inside, beyond = trial(fitted, ()), side(fitted, point)
  near = inside.spread if inside.rows else UNTRIED * max(lost, 0.0)
  if not beyond:
    return near
  edge = trial(fitted, beyond)
  if not edge.rows:
    return near
  away = sum(
    abs(np.log(point[symbol] / fitted.ranges[symbol][sign > 0]))
    for symbol, sign in beyond
  )
  return float(near + max(edge.spread - near, 0.0) * away / edge.distance)


def _every_side(fitted) -> Search[dict[tuple[tuple[str, int], ...], Trial]]:
  """Tries a form on every side of its data, all sides side by side."""
  tried, parts = {}, {}
  for where in sides()[1:]:
    part = _beyond(fitted, where)
    if isinstance(part, Trial):
      tried[where] = part
    else:
      parts[where] = part
  made = yield from leaving_out(fitted, list(parts.values()))
  return tried | dict(zip(parts, made, strict=True))


def _beyond(fitted, beyond) -> Part | Trial:
  values = fitted.own_data.values
  train = np.ones(fitted.n, bool)
  words, distance = [], 0.0
  for symbol, sign in beyond:
    axis = values[symbol]
    if len(np.unique(axis)) < 2:
      return Trial(f"the table has one of the {AXES[symbol]}")
    levels = np.unique(axis)[::-sign]
    train &= axis != levels[0]
    distance += abs(np.log(levels[0] / levels[1]))
    words.append(f"the {'largest' if sign > 0 else 'smallest'} {symbol}")
  return Part(train, " and ".join(words) + " left out", distance)


@dataclass(frozen=True)
class Part:
  """The rows of a fit that a trial sees.

  Attributes:
    train: [rows] bool, those that are fitted.
    where: the others, in words.
    distance: as of `Trial`.
  """

  train: np.ndarray
  where: str
  distance: float = 0.0


def leave_out(fitted, parts: Sequence[Part]) -> list[Trial]:
  """Refits a form to parts of its rows and predicts the others.

  Args:
    fitted: a fit that still has its data.
    parts: what is seen, one a trial.

  Returns:
    a Trial each; one without rows where the part does not identify the form.
  """
  return lockstep.run(leaving_out(fitted, parts))


def leaving_out(fitted, parts: Sequence[Part]) -> Search[list[Trial]]:
  """`leave_out`, as a search that others may go beside."""
  problem = fitted.own_problem
  made = [Trial(part.where) for part in parts]
  able = [
    i
    for i, part in enumerate(parts)
    if part.train.sum() >= problem.free.sum()
    and _identified(fitted, part.train)
  ]
  if not able:
    return made
  train = np.stack([parts[i].train for i in able])
  points, _ = yield from lowest_each(problem.reweighted(train), STARTS)
  for i, x in zip(able, points, strict=True):
    part = parts[i]
    missed = planned_losses(fitted, x, part.train) - fitted.own_data.loss
    made[i] = Trial.of(part.where, missed[~part.train], part.distance)
  return made


def _identified(fitted, train) -> bool:
  """Whether a part of the rows has two levels on every axis that counts."""
  for symbol, values in fitted.own_data.values.items():
    axes = {
      slot.parameter.name
      for slot, free in zip(
        fitted.own_problem.slots, fitted.own_problem.free, strict=True
      )
      if free and symbol in slot.parameter.axes
    }
    if axes and tables.levels(values[train]) < 2:
      return False
  return True


def _cells(fitted) -> Search[dict[tuple, Trial]]:
  """Every cell in turn, from the optimum on all rows and its rivals."""
  where = "each cell left out in turn"
  clusters = tables.codes(fitted.own_data.frame, CELL)
  names = np.unique(clusters)
  if len(names) < 3:
    return {(): Trial(where)}
  problem = fitted.own_problem
  train = clusters[None, :] != names[:, None]
  weight = train * problem.weight
  lanes = yield from refit(problem, fitted.basins, weight=weight, exact=False)
  missed = np.empty(fitted.n)
  for x, seen in zip(lanes.x, train, strict=True):
    predicted = planned_losses(fitted, x, seen)
    missed[~seen] = (predicted - fitted.own_data.loss)[~seen]
  return {(): Trial.of(where, missed)}


def planned_losses(fitted, x, seen) -> np.ndarray:
  """Predicts all rows of a fit as plans.

  Args:
    fitted: a fit that still has its data.
    x: [slots].
    seen: [rows] bool, those from which the length of runs may be told.

  Returns:
    [rows], nats per token.
  """
  values = dict(fitted.own_data.values)
  if fitted.law.trained == "best":
    frame = fitted.own_data.frame
    known = schedule_of(frame, at_best=True, rows=seen)
    told = known.trained(values["N"], values["D"], values["p"])
    values["T"] = np.where(seen, values["T"], told)
  return fitted.losses(x[None], values, fitted.own_data.group)[0]
