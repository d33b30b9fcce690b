"""Which law? Criteria, cross-validation, and backtests that extrapolate.

A law is judged on runs that it has not seen. Each split is searched from
scratch on its training rows: a warm start from the full fit would leak what
the training rows cannot know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from forgetting.config import InputError
from forgetting.laws.fit import fit
from forgetting.laws.fitted import Fit
from forgetting.laws.law import find
from forgetting.laws.problem import predict
from forgetting.laws.solve import lowest

FAMILIES = {
  "forgetting": (
    ("forgetting", ()),
    ("forgetting", ("E",)),
    ("forgetting", ("G",)),
    ("forgetting", ("mu", "nu")),
    ("forgetting_log", ()),
    ("forgetting_power", ()),
  ),
  "target": (("target", ()), ("target", ("C",)), ("zhang", ())),
  "chinchilla": (("chinchilla", ()), ("kaplan", ()), ("data_constrained", ())),
  "replay": (("replay", ()), ("replay", ("E",)), ("replay_log", ())),
}
FOLDS = 8
STARTS = 6
CUTS = (0.5, 0.7, 0.85)
FEW_LEVELS = 10


@dataclass(frozen=True)
class Split:
  """One training set: its name, and which rows it has [rows]."""

  name: str
  train: np.ndarray


@dataclass(frozen=True)
class Score:
  """How a law did on rows that it had not seen.

  Attributes:
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


@dataclass(frozen=True)
class Comparison:
  """Laws side by side, the best backtest first.

  Attributes:
    fits: name -> Fit.
    table: a data frame, one row a law.
    scores: name -> the Scores of its backtests.
    refused: name -> why a law could not be fitted.
  """

  fits: dict[str, Fit]
  table: object
  scores: dict[str, list[Score]]
  refused: dict[str, str]

  def __str__(self) -> str:
    shown = self.table.copy()
    for column in shown.columns:
      if column in ("error", "cross-validated", "backtest"):
        shown[column] = [f"{100 * v:.3g} %" for v in shown[column]]
      elif column in ("AICc", "BIC"):
        shown[column] = [f"{v:.1f}" for v in shown[column]]
    lines = [shown.to_string()]
    lines += [f"{name}: {why}" for name, why in self.refused.items()]
    told = set()
    for name in self.table.index:
      new = [s for s in self.scores[name] if s.split not in told]
      told |= {s.split for s in new}
      if new:
        lines += [f"backtests of {name}:", *(f"  {s}" for s in new)]
    return "\n".join(lines)


def compare(
  table,
  family: str = "forgetting",
  *,
  laws: Iterable[tuple[str, tuple[str, ...]]] | None = None,
  columns: Mapping[str, str] | None = None,
  loss: str = "huber",
) -> Comparison:
  """Fits several laws to one table and scores them on held-out rows.

  Args:
    family: a key of FAMILIES: laws that predict the same loss.
    laws: instead of a family, (law, freed parameters) pairs.
  """
  if laws is None and family not in FAMILIES:
    raise InputError(f"no family {family!r}: there are {', '.join(FAMILIES)}")
  return _side_by_side(
    {
      f"{law} +{'+'.join(free)}" if free else law: partial(
        fit, table, law, free=free, columns=columns, loss=loss
      )
      for law, free in laws or FAMILIES[family]
    }
  )


def compare_pooling(
  table, law: str = "forgetting", *, columns: Mapping[str, str] | None = None
) -> Comparison:
  """One law for all domains, shared exponents, or each domain its own.

  The first is the only one that can predict a domain that it has not seen:
  its backtests leave each domain out.
  """
  known = [p for p in find(law).parameters if p.default is None]
  exponents = [p.name for p in known if p.scale == "linear" and p.search]
  pools = {
    "one law for all domains": tuple(p.name for p in known),
    f"shared {', '.join(exponents)}": tuple(exponents),
    "each domain its own": (),
  }
  return _side_by_side(
    {
      name: partial(fit, table, law, shared=shared, columns=columns)
      for name, shared in pools.items()
    }
  )


def _side_by_side(choices: dict) -> Comparison:
  """Args: choices: name -> a function that makes the fit."""
  import pandas as pd

  fits, scores, refused, rows = {}, {}, {}, {}
  for name, make in choices.items():
    try:
      fitted = make()
    except InputError as problem:
      refused[name] = str(problem)
      continue
    fits[name] = fitted
    scores[name] = [score(fitted, split) for split in backtests(fitted)]
    rows[name] = {
      "parameters": int(fitted.problem.free.sum()),
      "error": fitted.mean_relative_error,
      "AICc": aicc(fitted),
      "BIC": bic(fitted),
      "cross-validated": cross_validated(fitted),
      "backtest": np.nan,
      "certified": "yes" if fitted.certificate.holds else "no",
    }
  if not fits:
    raise InputError("; ".join(f"{k}: {v}" for k, v in refused.items()))
  # Only what all of them were asked is a fair mean.
  common = set.intersection(*({s.split for s in v} for v in scores.values()))
  for name, row in rows.items():
    row["backtest"] = _mean(s.error for s in scores[name] if s.split in common)
  frame = pd.DataFrame.from_dict(rows, orient="index").sort_values("backtest")
  return Comparison(fits, frame, scores, refused)


def residuals(fitted: Fit) -> np.ndarray:
  """ln L_pred - ln L of the rows the fit was made from."""
  problem = fitted.problem
  return predict(problem, fitted.x[None])[0] - problem.log_loss


def aicc(fitted: Fit) -> float:
  """Akaike's criterion, corrected for few rows, with a Laplace scale."""
  n, k = fitted.n, int(fitted.problem.free.sum()) + 1
  if n - k - 1 <= 0:
    return np.inf
  small = 2 * k * (k + 1) / (n - k - 1)
  return _deviance(fitted) + 2 * k + small


def bic(fitted: Fit) -> float:
  """Schwarz's criterion with a Laplace scale."""
  k = int(fitted.problem.free.sum()) + 1
  return _deviance(fitted) + k * float(np.log(fitted.n))


def _deviance(fitted: Fit) -> float:
  spread = np.mean(np.abs(residuals(fitted)))
  return float(2 * fitted.n * np.log(max(spread, 1e-300)))


def score(fitted: Fit, split: Split) -> Score:
  """Refits on a split's training rows and predicts the others."""
  problem = fitted.problem
  train = replace(problem, weight=problem.weight * split.train)
  x, _ = lowest(train, STARTS)
  residual = (predict(problem, x[None])[0] - problem.log_loss)[~split.train]
  return Score(
    split.name,
    float(np.mean(np.abs(np.expm1(residual)))),
    float(np.mean(residual)),
    len(residual),
  )


def cross_validated(fitted: Fit, folds: int = FOLDS) -> float:
  """Mean relative error over folds that keep clusters whole."""
  clusters = fitted.data.clusters
  count = int(clusters.max()) + 1
  order = np.random.default_rng(0).permutation(count)
  fold = order[clusters] % min(folds, count)
  scores = [
    score(fitted, Split(f"fold {k}", fold != k)) for k in np.unique(fold)
  ]
  total = sum(s.rows for s in scores)
  return sum(s.error * s.rows for s in scores) / total


def backtests(fitted: Fit) -> list[Split]:
  """The splits of a table, those that ask for extrapolation first."""
  values, law = fitted.data.values, fitted.law
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
  if fitted.groups and not any(s.group is not None for s in fitted._slots):
    out += [
      Split(f"all but domain {name}", fitted.data.group != g)
      for g, name in enumerate(fitted.groups)
    ]
  enough = int(fitted.problem.free.sum())
  return [s for s in out if s.train.sum() >= enough and not s.train.all()]


def _mean(values) -> float:
  values = list(values)
  return float(np.mean(values)) if values else float("nan")
