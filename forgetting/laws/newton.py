"""Damped Newton in float64 for many small problems at once.

Exact Hessians with eigenvalues by absolute value, bounds by active sets, and
only decreases accepted. Scales of the objective do not matter: steps are in
units of the curvature, and the stop is relative to the objective. Where the
noise is far above Huber's delta, few rows lie inside it and Newton creeps
from kink to kink; those lanes go on with many lengths of each step tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from forgetting.laws.objective import evaluate, objective_at
from forgetting.laws.problem import Problem
from forgetting.laws.quadratic import Quadratic

CHUNK_NUMBERS = 24_000
STOP = 1e-19
CONVERGED = 1e-12
ROUNDING = 4e-16
FIRST_LIMIT = 40
LIMIT = 400
TIRED = 2
SHORTEST = 0.02
# of a step, for lanes that creep: a kink may be near, the minimum far
LENGTHS = np.array(
  [1, 4, 2, 0.6, 0.35, 0.2, 0.1, 0.05, 0.02, 8e-3, 3e-3, 1e-3, 1e-4, 1e-5]
)


@dataclass(frozen=True)
class Polished:
  """Where the lanes ended.

  Attributes:
    x: [lanes, slots].
    objective: [lanes].
    decrement: [lanes], the relative decrease that one more step would bring:
      g' |H|^-1 g / f over the slots that are not held by a bound.
    iterations: [lanes].
  """

  x: np.ndarray
  objective: np.ndarray
  decrement: np.ndarray
  iterations: np.ndarray

  @property
  def converged(self) -> np.ndarray:
    """[lanes], whether another step would bring less than 1e-12 of itself."""
    return self.decrement < CONVERGED

  def better(self, other: Polished) -> Polished:
    """Takes, lane by lane, the one with the lower objective."""
    take = other.objective < self.objective
    columns = []
    for name in FIELDS:
      left, right = getattr(self, name), getattr(other, name)
      mask = take[:, None] if left.ndim == 2 else take
      columns.append(np.where(mask, right, left))
    return Polished(*columns)

  def take(self, lanes) -> Polished:
    """Those lanes alone."""
    return Polished(*(getattr(self, n)[lanes] for n in FIELDS))

  def replaced(self, lanes, other: Polished) -> Polished:
    """Takes the other's result in those lanes where it is lower."""
    # Both are minima of the same lane: a widened path may end in a worse one.
    kept = other.better(self.take(lanes))
    columns = [getattr(self, n).copy() for n in FIELDS]
    for column, name in zip(columns, FIELDS, strict=True):
      column[lanes] = getattr(kept, name)
    return Polished(*columns)

  @classmethod
  def join(cls, parts: list[Polished]) -> Polished:
    """Joins the lanes of all parts, in order."""
    return cls(
      *(np.concatenate([getattr(q, n) for q in parts]) for n in FIELDS)
    )


def polish(
  problem: Problem,
  start,
  *,
  weight=None,
  log_loss=None,
  still=None,
  tables: Tables | None = None,
  limit=LIMIT,
) -> Polished:
  """Runs every lane to its local minimum.

  Args:
    problem: the law, the rows, and which slots move.
    start: [lanes, slots] in the fit's coordinates.
    weight, log_loss: [lanes, rows] instead of the problem's.
    still: [lanes, slots], moving slots that do not in that lane.
    tables: the values of each lane's rows instead of the problem's.
    limit: iterations at most; a lane that needs more has a decrement to show.
  """
  lanes = _Lanes(problem, weight, log_loss, still, tables)
  found = _run(lanes, np.array(start, float), min(limit, FIRST_LIMIT))
  if limit <= FIRST_LIMIT:
    return found
  stuck = np.flatnonzero(~found.converged & np.isfinite(found.objective))
  if not len(stuck):
    return found
  again = _search(lanes.take(stuck), found.x[stuck], limit)
  return found.replaced(stuck, again)


FIELDS = tuple(Polished.__dataclass_fields__)


@dataclass(frozen=True)
class Tables:
  """Several tables of as many rows each, and whose lane is whose.

  Attributes:
    values: symbol -> [tables, rows], as a law's terms see them.
    owner: [lanes], the table of each lane.
  """

  values: SimpleNamespace
  owner: np.ndarray

  def __getitem__(self, lanes) -> Tables:
    """Those lanes alone."""
    return Tables(self.values, self.owner[lanes])

  def of_lanes(self) -> SimpleNamespace:
    """Symbol -> [lanes, rows]."""
    known = vars(self.values)
    return SimpleNamespace(**{k: v[self.owner] for k, v in known.items()})


@dataclass(frozen=True)
class _Lanes:
  """A problem as the lanes have it: see `polish`."""

  problem: Problem
  weight: np.ndarray | None
  log_loss: np.ndarray | None
  still: np.ndarray | None
  tables: Tables | None

  def take(self, lanes) -> _Lanes:
    def own(part):
      return None if part is None else part[lanes]

    return _Lanes(
      self.problem,
      own(self.weight),
      own(self.log_loss),
      own(self.still),
      own(self.tables),
    )

  @property
  def rows(self) -> dict:
    """What `evaluate` takes in place of the problem's rows."""
    values = None if self.tables is None else self.tables.of_lanes()
    return dict(weight=self.weight, log_loss=self.log_loss, values=values)

  def model(self, points, lanes) -> tuple[np.ndarray, Quadratic]:
    """Objectives [lanes] at points of some lanes, and their quadratics."""
    own, moving = self.take(lanes), np.flatnonzero(self.problem.free)
    terms = evaluate(self.problem, points, **own.rows)
    still = None if own.still is None else own.still[:, moving]
    bounds = self.problem.bounds()
    return terms.objective, Quadratic(terms, points, moving, bounds, still)

  def height(self, points, lanes) -> np.ndarray:
    """Objectives [lanes] alone."""
    return objective_at(self.problem, points, **self.take(lanes).rows)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _run(task: _Lanes, start, limit) -> Polished:
  """Newton on all lanes; where one is finished, one that waits comes in."""
  problem = task.problem
  moving = np.flatnonzero(problem.free)
  x = np.clip(start, *problem.bounds())
  lanes = len(x)
  best, decrement = np.full(lanes, np.inf), np.full(lanes, np.inf)
  iterations, tired = np.zeros(lanes, int), np.zeros(lanes, int)
  damping, reach = np.zeros(lanes), np.ones(lanes)
  # An exact fit has nothing left but rounding: measure against that.
  least = 1e-28 * problem.weight.sum()
  room = max(1, CHUNK_NUMBERS // problem.rows)
  at, waiting = np.arange(0), 0
  model: Quadratic | None = None  # of the lanes that are at work

  while True:
    keep = (
      (decrement[at] > STOP) & (tired[at] < TIRED) & (iterations[at] < limit)
    )
    if model is not None and not keep.all():
      at, model = at[keep], model.take(keep)
    if waiting < lanes and 4 * len(at) <= 3 * room:
      fresh = np.arange(waiting, min(waiting + room - len(at), lanes))
      waiting += len(fresh)
      best[fresh], new = task.model(x[fresh], fresh)
      decrement[fresh] = new.decrement / np.maximum(best[fresh], least)
      tired[fresh[np.isinf(best[fresh])]] = 99
      model = new if model is None else model.join(new)
      at = np.concatenate([at, fresh])
      continue
    if model is None or not len(at):
      return Polished(x, best, decrement, iterations)
    trial = x[at]
    trial[:, moving], stopped, fall = model.move(damping[at], reach[at])
    objective, new = task.model(trial, at)
    iterations[at] += 1
    small = decrement[at] < 1e-13
    level = np.where(small | stopped, ROUNDING, -ROUNDING)
    better = objective <= best[at] * (1 + level)
    tired[at] += small & ~(new.decrement < 0.5 * model.decrement)
    model.put(better, new)
    done, worse = at[better], at[~better]
    x[done] = trial[better]
    best[done] = objective[better]
    decrement[done] = new.decrement[better] / np.maximum(best[done], least)
    damping[done] = np.where(damping[done] > 1e-6, damping[done] * 0.15, 0.0)
    reach[done] = 1.0
    # The parabola through both ends says how far the step was too long.
    rise = np.maximum(objective[~better] - best[worse], 0.0)
    shrink = np.clip(0.5 * fall[~better] / (fall[~better] + rise), 0.1, 0.5)
    shrink[~np.isfinite(rise)] = 0.1
    reach[worse] *= shrink
    short = worse[reach[worse] < SHORTEST]
    reach[short] = 1.0
    damping[short] = np.maximum(damping[short] * 6, 1e-2)
    tired[short[damping[short] > 1e14]] = 99


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _search(task: _Lanes, start, limit) -> Polished:
  """Newton on few lanes, each step's best length taken out of LENGTHS."""
  moving = np.flatnonzero(task.problem.free)
  lower, upper = (b[moving] for b in task.problem.bounds())
  x = start.copy()
  lanes, tries = len(x), len(LENGTHS)
  at = np.arange(lanes)
  best, model = task.model(x, at)
  least = 1e-28 * task.problem.weight.sum()
  decrement = model.decrement / np.maximum(best, least)
  iterations, tired = np.zeros(lanes, int), np.zeros(lanes, int)
  damping = np.zeros(lanes)
  while True:
    keep = (
      (decrement[at] > STOP) & (tired[at] < TIRED) & (iterations[at] < limit)
    )
    if not keep.all():
      at, model = at[keep], model.take(keep)
    if not len(at):
      return Polished(x, best, decrement, iterations)
    end, stopped, _ = model.move(damping[at], np.ones(len(at)))
    here = x[at][:, None, moving]
    way = here + LENGTHS[:, None] * (end[:, None] - here)
    points = np.repeat(x[at], tries, axis=0)
    points[:, moving] = np.clip(way, lower, upper).reshape(-1, len(moving))
    heights = task.height(points, np.repeat(at, tries))
    lowest = heights.reshape(-1, tries).argmin(1)
    points = points[np.arange(len(at)) * tries + lowest]
    objective, new = task.model(points, at)
    iterations[at] += 1
    small = decrement[at] < 1e-13
    level = np.where(small | stopped, ROUNDING, -ROUNDING)
    better = objective <= best[at] * (1 + level)
    tired[at] += small & ~(new.decrement < 0.5 * model.decrement)
    model.put(better, new)
    done, worse = at[better], at[~better]
    x[done] = points[better]
    best[done] = objective[better]
    decrement[done] = new.decrement[better] / np.maximum(best[done], least)
    whole = done[LENGTHS[lowest[better]] >= 1]
    damping[whole] = np.where(damping[whole] > 1e-6, damping[whole] * 0.15, 0.0)
    damping[worse] = np.maximum(damping[worse] * 10, 1e-2)
    tired[worse[damping[worse] > 1e14]] = 99
