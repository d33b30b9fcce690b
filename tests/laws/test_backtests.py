"""Laws scored on runs that they were not fitted to."""

import pandas as pd
import planted_tables
from planted_tables import planted

from forgetting.laws.backtests import backtests, scores
from forgetting.laws.compare import compare_pooling

FITTED = planted_tables.fitted()


def test_backtest_trains_on_small_and_predicts_large():
  splits = {s.name: s for s in backtests(FITTED)}
  split = splits["all but the largest N"]
  held = FITTED.data.values["N"][~split.train]
  assert set(held) == {16e6}
  result = scores(FITTED, [split])[0]
  assert result.rows == 9
  assert result.error < 0.01


def test_backtests_leave_out_sizes_data_fractions_and_domains():
  table = pd.concat([planted(), planted(seed=10, domain="wiki")])
  result = compare_pooling(table)
  names = {s.split for s in result.scores["one law for all domains"]}
  assert names == {
    "all but the largest N",
    "all but the largest D",
    "all but the largest N and D",
    "all but p = 0.01",
    "all but p = 0.05",
    "all but domain kjv",
    "all but domain wiki",
  }
  # Both domains obey one law: nothing is gained by giving each its own.
  best = result.table["BIC"].idxmin()
  assert best == "one law for all domains"
  assert "all but domain wiki: error" in str(result)
  corner = next(s for s in backtests(FITTED) if "N and D" in s.name)
  held = {k: v[corner.train] for k, v in FITTED.data.values.items()}
  assert held["N"].max() == 4e6
  assert held["D"].max() == 1e6
