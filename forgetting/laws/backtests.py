"""Backtests: a law is judged on runs that it has not seen.

Each split is searched from scratch on its training rows: a warm start from
the full fit would leak what the training rows cannot know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forgetting.laws import lockstep
from forgetting.laws.fitted import Fit
from forgetting.laws.lockstep import Search
from forgetting.laws.problem import predict
from forgetting.laws.solve import lowest_each

FOLDS = 8
STARTS = 6
CUTS = (0.5, 0.7, 0.85)
FEW_LEVELS = 10


@dataclass(frozen=True)
class Split:
  """One training set.

  Attributes:
    name: what is left out, in words.
    train: [rows], which rows are fitted to; the others are predicted.
  """

  name: str
  train: np.ndarray


@dataclass(frozen=True)
class Score:
  """How a law did on rows that it had not seen.

  Attributes:
    split: the split's name.
    error: mean of abs(L_pred / L - 1).
    bias: mean of ln(L_pred / L); positive is pessimistic.
    rows: how many rows were predicted.
  """

  split: str
  error: float
  bias: float
  rows: int

  def __str__(self) -> str:
    return (
      f"{self.split}: error {100 * self.error:.3g} %, bias "
      f"{100 * self.bias:+.2g} % on {self.rows} rows"
    )


def backtests(fitted: Fit) -> list[Split]:
  """Makes the splits of a table, those that ask for extrapolation first.

  All but the largest sizes and amounts, the smallest by work, all but one
  injection, all but one domain; only splits that leave enough rows to fit.

  Args:
    fitted: a fit that still has its data.
  """
  data, law = fitted.own_data, fitted.law
  values = data.values
  out = []
  sizes = [s for s, v in law.variables.items() if v.kind == "size"]
  axes = {s: values[s] for s in sizes if s in values and s != "T"}
  designed = {s: v for s, v in axes.items() if len(np.unique(v)) <= FEW_LEVELS}
  for symbol, v in designed.items():
    if len(np.unique(v)) > 2:
      out.append(Split(f"all but the largest {symbol}", v < v.max()))
  both = [v < v.max() for v in designed.values() if len(np.unique(v)) > 2]
  if len(both) > 1:
    small = np.logical_and.reduce(both)
    out.append(Split(f"all but the largest {' and '.join(designed)}", small))
  if len(axes) > 1 and len(designed) < len(axes):
    work = sum(np.log(v) for v in axes.values())
    for cut in CUTS:
      train = work <= np.quantile(work, cut)
      out.append(Split(f"the smallest {100 * cut:.0f} % by work", train))
  # Without its p = 0 rows a study cannot tell A from B: that one is no test.
  if "p" in values and len(np.unique(values["p"])) > 2:
    out += [
      Split(f"all but p = {p:g}", values["p"] != p)
      for p in np.unique(values["p"])[1:]
    ]
  together = all(slot.group is None for slot in fitted._slots)
  if data.group is not None and together:
    out += [
      Split(f"all but domain {name}", data.group != g)
      for g, name in enumerate(fitted.groups)
    ]
  enough = int(fitted.own_problem.free.sum())
  return [s for s in out if s.train.sum() >= enough and not s.train.all()]


def scores(fitted: Fit, splits: Sequence[Split]) -> list[Score]:
  """Refits on the training rows of splits and predicts the others.

  Args:
    fitted: a fit that still has its data: which law, and how it is fitted.
    splits: their training rows.

  Returns:
    a Score each.
  """
  return lockstep.run(scoring(fitted, splits))


def scoring(fitted: Fit, splits: Sequence[Split]) -> Search[list[Score]]:
  """`scores`, as a search that others may go beside."""
  if not splits:
    return []
  found = yield from predicted(fitted, splits)
  residuals = np.log(found / fitted.own_data.loss)
  return [
    _score(split, residual[~split.train])
    for split, residual in zip(splits, residuals, strict=True)
  ]


def predicted(fitted: Fit, splits: Sequence[Split]) -> Search[np.ndarray]:
  """Refits on the training rows of splits and predicts all rows.

  Args:
    fitted, splits: as of `scores`.

  Returns:
    [splits, rows], in the unit of the loss.
  """
  problem = fitted.own_problem
  if not splits:
    return np.empty((0, fitted.n))
  train = np.stack([split.train for split in splits])
  points, _ = yield from lowest_each(problem.reweighted(train), STARTS)
  return np.exp(predict(problem, points)) * fitted.scales["L"]


def _score(split: Split, residual) -> Score:
  return Score(
    split.name,
    float(np.mean(np.abs(np.expm1(residual)))),
    float(np.mean(residual)),
    len(residual),
  )


def cross_validated(fitted: Fit, folds: int = FOLDS) -> float:
  """Cross-validates a law, with clusters kept whole.

  Args:
    fitted: a fit that still has its data.
    folds: how many parts; each is predicted from the others.

  Returns:
    the mean relative error abs(L_pred / L - 1) over all rows.
  """
  clusters = fitted.own_data.clusters
  count = int(clusters.max()) + 1
  order = np.random.default_rng(0).permutation(count)
  fold = order[clusters] % min(folds, count)
  splits = [Split(f"fold {k}", fold != k) for k in np.unique(fold)]
  found = scores(fitted, splits)
  total = sum(s.rows for s in found)
  return sum(s.error * s.rows for s in found) / total
