"""What the command answers to fit --compare."""

import json

import numpy as np
import pandas as pd
from planted_tables import planted

from forgetting.laws import answers_compare


def test_compare_verb_tells_every_backtest_in_json():
  table = pd.concat([planted(), planted(strength=100.0, domain="wiki")])
  report = answers_compare.compare(table)
  rows = report.data["groups"]["kjv"]
  assert {row["law"] for row in rows} >= {"forgetting", "forgetting_log"}
  for key in ("AICc", "BIC", "cross-validated", "backtest"):
    assert np.isfinite(rows[0][key])
  assert rows[0]["backtests"][0]["split"] == "all but the largest N"
  pooled = {row["law"]: row["AICc"] for row in report.data["pooled"]}
  assert min(pooled, key=pooled.get) != "one law for all domains"
  json.dumps(report.data)
