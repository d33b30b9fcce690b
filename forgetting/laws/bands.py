"""Predictions with bands: where a new run would fall, and the law alone.

Inside the data a band is the bootstrap's, with the noise of a run. Outside, a
form that is slightly wrong misses by more than resampled runs can tell. So the
fit is first tried on itself: on the runs of its smaller sizes alone, it
predicts those beyond them, and what it missed there, per distance, is what the
band must hold at the distance that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

import numpy as np

from forgetting.laws.intervals import quantile, tails
from forgetting.laws.lockstep import Search
from forgetting.laws.problem import Problem, predict
from forgetting.laws.solve import lowest_each

COVERED = 0.95  # of the fit's own residuals
BEYOND = 0.9  # of what trials missed, by distance
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the rows that a trial fit sees
STARTS = 4
LEAST_LEVELS = 3  # along a direction, for the largest to be left out
NEAR = 1e-9


@dataclass(frozen=True)
class Misses:
  """What a fit to the smaller rows missed beyond them.

  Attributes:
    inside: half a band's width of ln L that holds `COVERED` of the fit's own
      residuals.
    slope: what it grows by per e-fold beyond the data.
    rows: how many rows beyond a trial's data it is judged on; 0 where the
      table allows no trial.
  """

  inside: float
  slope: float
  rows: int

  def half(self, distance):
    """Half a band's width of ln L at distances in e-folds; 0 inside."""
    distance = np.asarray(distance, float)
    wide = self.inside + self.slope * distance
    return np.where(distance > NEAR, wide, 0.0)


def sizes(problem: Problem) -> np.ndarray:
  """The logs of the size variables that a problem's rows have.

  Those that no parameter reads count as well: a law that says nothing of N is
  as far from home at another N as any.

  Args:
    problem: the law and its rows, centred.

  Returns:
    [rows, axes].
  """
  columns = [
    np.broadcast_to(getattr(problem.values, f"ln{name}"), problem.rows)
    for name, variable in problem.law.variables.items()
    if variable.kind == "size"
  ]
  return np.stack(columns, axis=1) if columns else np.zeros((problem.rows, 0))


def directions(axes: int) -> np.ndarray:
  """Unit vectors along each axis, and along all their diagonals."""
  steps = [u for u in product((-1, 0, 1), repeat=axes) if any(u)]
  found = np.array(steps, float).reshape(len(steps), axes)
  return found / np.sqrt((found**2).sum(1, keepdims=True))


def distance(inside: np.ndarray, points: np.ndarray) -> np.ndarray:
  """How far points lie outside the hull of others, in e-folds.

  Args:
    inside, points: logs of sizes [rows, axes].

  Returns:
    [points]: the farthest that any direction leads out of the rows.
  """
  ways = directions(points.shape[1])
  if not len(ways):
    return np.zeros(len(points))
  limit = (inside @ ways.T).max(0)
  return np.maximum(points @ ways.T - limit, 0.0).max(1)


def trying_parts(problem: Problem, x) -> Search[Misses]:
  """Tries a fit on parts of its own rows.

  Args:
    problem: the fit's, with its rows.
    x: [slots], the optimum on all rows.
  """
  rows = sizes(problem)
  own = np.abs(predict(problem, x[None])[0] - problem.log_loss)
  spare = max(problem.rows - int(problem.free.sum()), 1)
  # half of a robust fit's residuals are nearly zero where it has few to spare
  inside = float(np.quantile(own, COVERED) * np.sqrt(problem.rows / spare))
  trials, away = [], []
  for train in _trials(problem, rows):
    beyond = distance(rows[train], rows[~train])
    if (beyond > NEAR).any():
      trials.append(train)
      away.append(beyond)
  if not trials:
    return Misses(inside, 0.0, 0)
  points, _ = yield from lowest_each(problem.reweighted(trials), STARTS)
  every = np.abs(predict(problem, points) - problem.log_loss)
  excess, weight = [], []
  for train, beyond, missed in zip(trials, away, every, strict=True):
    outside = beyond > NEAR
    missed = np.nan_to_num(missed[~train][outside], nan=np.inf)
    excess.append(np.maximum(missed - inside, 0.0) / beyond[outside])
    weight.append(np.full(len(missed), 1 / len(missed)))
  values, weights = np.concatenate(excess), np.concatenate(weight)
  slope = _weighted_quantile(values, weights)
  return Misses(inside, slope, len(values))


def predict_table(fit, table, level: float):
  """Predicts the rows of a table with bands: see `Fit.predict`.

  Args:
    fit: a `fitted.Fit`.
    table: as for `Fit.variables`.
    level: of the bands; what was missed is judged at `COVERED` and scaled.
  """
  import pandas as pd

  ends = tails(level)
  values, group = fit.variables(table)
  center = fit.losses(fit.x[None], values, group)[0]
  draws = fit.losses(fit.draws(), values, group)
  generator = np.random.default_rng(1)
  # one for all rows: a band must not depend on what else is asked
  noise = fit.residual_noise(generator, (len(draws), 1))
  low, high = quantile(draws * np.exp(noise), ends)
  law_low, law_high = quantile(draws, ends)
  away = distance_of(fit, values)
  half = np.zeros(len(center))
  if (away > NEAR).any():
    half = fit.misses.half(away) * normal(level) / normal(COVERED)
  return pd.DataFrame(
    {
      "prediction": center,
      "low": np.minimum(low, center * np.exp(-half)),
      "high": np.maximum(high, center * np.exp(half)),
      "law_low": law_low,
      "law_high": law_high,
      "beyond": np.exp(away),
    }
  )


def distance_of(fit, values) -> np.ndarray:
  """How far rows lie outside a fit's data, in e-folds.

  Args:
    fit: a `fitted.Fit`.
    values: symbol -> [rows] in natural units, its size variables among them.
  """
  rows = max(np.shape(v)[-1] for v in values.values())
  columns = [
    np.broadcast_to(np.log(values[name] / fit.scales[name]), rows)
    if name in values
    else np.zeros(rows)
    for name, variable in fit.law.variables.items()
    if variable.kind == "size"
  ]
  if not columns:
    return np.zeros(rows)
  return distance(fit.hull, np.stack(columns, axis=1))


def normal(level: float) -> float:
  """Half the width of a normal's central interval, in deviations."""
  return NormalDist().inv_cdf(0.5 + level / 2)


def _trials(problem: Problem, rows) -> list[np.ndarray]:
  """The smallest rows along every axis and diagonal, in growing shares."""
  least, found = int(problem.free.sum()), {}
  for way in directions(rows.shape[1]):
    if (way < 0).any():
      continue
    along = np.round(rows @ way, 9)
    if len(np.unique(along)) < LEAST_LEVELS:
      continue
    for share in SHARES:
      train = along <= np.quantile(along, share) + NEAR
      levels = len(np.unique(along[train]))
      if least <= train.sum() < len(train) and levels > 1:
        found[train.tobytes()] = train
  return list(found.values())


def _weighted_quantile(values, weights) -> float:
  """What holds `BEYOND` of the values, with one more above all of them."""
  order = np.argsort(values, kind="stable")
  total = np.cumsum(weights[order])
  level = BEYOND * (1 + 1 / len(values))
  at = min(np.searchsorted(total, level * total[-1]), len(values) - 1)
  return float(values[order][at])
