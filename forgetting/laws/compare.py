"""Which law? Laws side by side, by criteria and by backtests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError
from forgetting.laws.backtests import Score, backtests, cross_validated
from forgetting.laws.backtests import scores as scores_of
from forgetting.laws.criteria import aicc, bic
from forgetting.laws.fit import fit
from forgetting.laws.fitted import Fit
from forgetting.laws.law import Law, find, variants

if TYPE_CHECKING:
  import pandas as pd


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
  table: pd.DataFrame
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
    table: as for `fit`.
    family: laws that predict the same loss: those whose `family` it is.
    laws: instead of a family, (law, freed parameters) pairs.
    columns, loss: as for `fit`.

  Raises:
    InputError: no such family, or a table to which no law can be fitted.
  """
  return _side_by_side(
    {
      f"{law} +{'+'.join(free)}" if free else law: partial(
        fit, table, law, free=free, columns=columns, loss=loss
      )
      for law, free in laws or variants(family)
    }
  )


def compare_pooling(
  table,
  law: str | Law = "forgetting",
  *,
  columns: Mapping[str, str] | None = None,
) -> Comparison:
  """Compares one law for all domains, shared exponents, and each its own.

  The first is the only one that can predict a domain that it has not seen:
  its backtests leave each domain out.

  Args:
    table: as for `fit`, of several domains.
    law: a name, or a Law, of fine-tunings.
    columns: as for `fit`.

  Raises:
    InputError: a table to which none of the three can be fitted.
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
    scores[name] = scores_of(fitted, backtests(fitted))
    rows[name] = {
      "parameters": int(fitted.own_problem.free.sum()),
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


def _mean(values) -> float:
  values = list(values)
  return float(np.mean(values)) if values else float("nan")
