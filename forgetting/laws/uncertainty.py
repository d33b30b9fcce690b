"""Bootstraps by cluster.

Pairs, the default: clusters are drawn with replacement, which is a
multinomial weight for each. Wild: every cluster's residuals are multiplied by
one random number of mean 0 and variance 1, which keeps the design. A robust
fit passes exactly through a few rows, so that its residuals are too dense at
zero; the wild bootstrap therefore smooths them. Every resample is refitted
from every good basin, to convergence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forgetting.config import InputError
from forgetting.laws import lockstep
from forgetting.laws.lockstep import Lanes, Search
from forgetting.laws.newton import FIRST_LIMIT, Polished
from forgetting.laws.problem import Problem, predict

DRAWS = 1000
PROBE = 100
WAVES = (50, 400)
ENDS = (0, 3)
LAST_LIMIT = 400
FEW_ROWS = 100
WEBB = np.sqrt([1.5, 1.0, 0.5])
KNOWN = ("pairs", "wild")
DISTINCT = 20
KINK = 1e-3
EXACT = 1e-9


def bootstrap(
  fit, *, draws: int = DRAWS, method: str = "pairs", seed: int = 0
) -> Polished:
  """Refits a law to resampled data.

  Args:
    fit: a Fit that still has its data.
    draws: how many resamples.
    method: pairs or wild; see the module's docstring.
    seed: of the resampling.

  Returns:
    Polished lanes: x [draws, slots] in the fit's coordinates, objectives.

  Raises:
    InputError: another method, or no draws.
  """
  found = resampling(fit, draws=draws, method=method, seed=seed)
  return lockstep.run(found)


def resampling(
  fit, *, draws: int = DRAWS, method: str = "pairs", seed: int = 0
) -> Search[Polished]:
  """`bootstrap`, as a search that others may go beside."""
  if method not in KNOWN:
    raise InputError(f"bootstrap method {method!r}: one of {', '.join(KNOWN)}")
  if draws < 1:
    raise InputError(f"bootstrap draws {draws}: must be at least 1")
  clusters = fit.own_data.clusters
  count = int(clusters.max()) + 1
  generator = np.random.default_rng(seed)
  problem = fit.own_problem
  if method == "pairs":
    weight = pairs_weights(clusters, draws, generator) * problem.weight
    return refit(problem, fit.basins, weight=weight)
  center, step = wild_parts(fit)
  factor = webb(generator, (draws, count))[:, clusters]
  width = fit.certificate.noise * len(center) ** -0.2
  smooth = width * generator.normal(size=(draws, len(center)))
  resampled = center + factor * step + smooth
  return refit(problem, fit.basins, log_loss=resampled)


def refit(
  problem: Problem, basins, *, weight=None, log_loss=None, exact: bool = True
) -> Search[Polished]:
  """Every lane's best result over several warm starts, to convergence.

  Lanes go in waves, each from the end of an earlier lane (or the basin) that
  suits its own rows best. Other basins are tried by every lane. Resamples
  have local minima of their own, the more the fewer the rows: lanes are tried
  again from other ends that suit them. For long tables a hundred lanes are
  asked whether it helps.

  Args:
    problem: the law and the rows.
    basins: points [basins, slots] to start from.
    weight, log_loss: [lanes, rows], the resamples, instead of the problem's.
    exact: as of `lockstep.Lanes`.
  """
  rows = _Rows(problem, weight, log_loss, exact)
  every = np.arange(rows.lanes)
  best = yield from _in_waves(rows, basins)
  if len(basins) > 1:
    for basin in basins:
      best = best.better((yield from rows.polish(every, basin[None])))
  if problem.rows > FEW_ROWS:
    probe = every[:PROBE]
    again = yield from _again(rows, best, probe, ENDS[-1])
    if (again.objective < best.objective[probe] * (1 - 1e-9)).any():
      again = yield from _again(rows, best, every, ENDS[-1])
      best = best.better(again)
    return (yield from _finished(rows, best))
  for rank in ENDS:
    best = best.better((yield from _again(rows, best, every, rank)))
  return (yield from _finished(rows, best))


@dataclass(frozen=True)
class _Rows:
  """A problem and its resamples: weights or losses [lanes, rows]."""

  problem: Problem
  weight: np.ndarray | None
  log_loss: np.ndarray | None
  exact: bool

  @property
  def lanes(self) -> int:
    resampled = (a for a in (self.weight, self.log_loss) if a is not None)
    return len(next(resampled))

  def polish(
    self, lanes, start, *, limit: int = FIRST_LIMIT
  ) -> Search[Polished]:
    """Those lanes from starts [lanes or 1, slots]."""
    wanted = Lanes(
      self.problem,
      np.broadcast_to(start, (len(lanes), start.shape[1])),
      weight=None if self.weight is None else self.weight[lanes],
      log_loss=None if self.log_loss is None else self.log_loss[lanes],
      limit=limit,
      exact=self.exact,
    )
    return lockstep.polished(wanted)

  def cost(self, lanes, points) -> np.ndarray:
    """Objectives [lanes, points] of each lane at each of the points."""
    log, loss = predict(self.problem, points), self.problem.loss
    if self.log_loss is None:
      assert self.weight is not None, "one of them is resampled"
      cost = self.weight[lanes] @ loss(log - self.problem.log_loss).T
    else:
      weight = self.problem.weight
      each = [loss(log - self.log_loss[lane]) @ weight for lane in lanes]
      cost = np.stack(each)
    return np.where(np.isnan(cost), np.inf, cost)


def _in_waves(rows: _Rows, basins) -> Search[Polished]:
  """All lanes; each wave starts from the ends of those before it."""
  ends, parts = basins, []
  for wave in np.split(np.arange(rows.lanes), WAVES):
    if len(wave):
      start = ends[rows.cost(wave, ends).argmin(1)]
      found = yield from rows.polish(wave, start)
      parts.append(found)
      ends = np.concatenate([ends, found.x])
  return Polished.join(parts)


def _again(rows: _Rows, best: Polished, lanes, rank: int) -> Search[Polished]:
  """Those lanes from the end of another lane that suits them best (rank 0),
  or from one that comes after it: too near an end leads to the same end."""
  ends = best.x[: WAVES[-1]]
  cost = rows.cost(lanes, ends)
  own = np.flatnonzero(lanes < len(ends))
  cost[own, lanes[own]] = np.inf
  rank = min(rank, len(ends) - 1)
  return rows.polish(lanes, ends[np.argpartition(cost, rank, axis=1)[:, rank]])


def _finished(rows: _Rows, best: Polished) -> Search[Polished]:
  """The lanes that have not converged go on."""
  stuck = np.flatnonzero(~best.converged & np.isfinite(best.objective))
  if not len(stuck):
    return best
  again = yield from rows.polish(stuck, best.x[stuck], limit=LAST_LIMIT)
  return best.replaced(stuck, again)


def poor(fit) -> str:
  """Tells why resamples say too little for an interval.

  Two cells can be drawn in three ways, three in ten, four in 35. And where as
  many rows lie above a curve as below it, and none near it, no resample moves
  it far.

  Args:
    fit: a Fit.

  Returns:
    what was found, in words; "" where nothing was.
  """
  draws = fit.draws()
  kinds = len(np.unique(draws.astype(np.float32), axis=0))
  exact = fit.mean_relative_error < EXACT  # then all resamples are alike
  if kinds < min(DISTINCT, len(draws)) and not exact:
    drawn = {*(fit.choices.cluster or fit.law.clusters)} - {"domain", "run"}
    more = f"cells ({', '.join(sorted(drawn))})" if drawn else "runs"
    return (
      f"its {len(draws):,} resamples gave {kinds} different fits: the intervals"
      f" say little; more {more} are needed"
    )
  problem = fit.problem
  if problem is None:
    return ""
  residual = predict(problem, fit.x[None])[0] - problem.log_loss
  # an optimum that may slide stops where the first row's kink is
  if (np.abs(residual) < problem.loss.delta * (1 - KINK)).any():
    return ""
  return (
    "as many runs lie above it as below and none near it, so that others fit as"
    " well: the intervals say little; fit one kind of runs alone (a domain), or"
    " by squares"
  )


def pairs_weights(clusters, draws: int, generator) -> np.ndarray:
  """Draws clusters with replacement.

  Args:
    clusters: [rows] cluster numbers.
    draws: how many resamples.
    generator: numpy's.

  Returns:
    [draws, rows], how often each row was drawn.
  """
  count = int(clusters.max()) + 1
  times = generator.multinomial(count, np.full(count, 1 / count), size=draws)
  return times[:, clusters].astype(float)


def webb(generator, shape) -> np.ndarray:
  """Draws from Webb's six-point distribution: mean 0, variance 1."""
  return generator.choice(np.concatenate([-WEBB, WEBB]), size=shape)


def wild_parts(fit) -> tuple[np.ndarray, np.ndarray]:
  """Takes a fit apart for a wild bootstrap.

  Args:
    fit: a Fit that still has its data.

  Returns:
    log predictions [rows], and residuals [rows] corrected for what the fit
    absorbed.
  """
  problem, x = fit.own_problem, fit.x[None]
  center = predict(problem, x)[0]
  residual = problem.log_loss - center
  return center, residual / (1 - np.minimum(leverage(problem, fit.x), 0.9))


def leverage(problem: Problem, x) -> np.ndarray:
  """Tells what share of each row's residual the parameters absorb.

  Args:
    problem: the law and the rows.
    x: [slots], the optimum.

  Returns:
    [rows], between 0 and 1.
  """
  jacobian = jacobian_of(problem, x)
  left, values, _ = np.linalg.svd(jacobian, full_matrices=False)
  kept = values > 1e-9 * max(values.max(initial=0.0), 1e-300)
  return (left[:, kept] ** 2).sum(1)


def jacobian_of(problem: Problem, x) -> np.ndarray:
  """Differentiates the log predictions, by central differences.

  Args:
    problem: the law and the rows.
    x: [slots].

  Returns:
    d ln L_pred / d slot [rows, free slots], columns scaled to length 1.
  """
  moving = np.flatnonzero(problem.free)
  step = 1e-6 * np.maximum(np.abs(x[moving]), 1e-2)
  points = np.repeat(x[None], 2 * len(moving), axis=0)
  rows = np.arange(len(moving))
  points[rows, moving] += step
  points[len(moving) + rows, moving] -= step
  up, down = np.split(predict(problem, points), 2)
  slope = np.nan_to_num((up - down) / (2 * step[:, None])).T
  length = np.sqrt((slope**2).sum(0))
  return slope / np.maximum(length, 1e-300)
