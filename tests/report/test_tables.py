"""The tables behind the figures."""

import numpy as np
import pandas as pd
from planted_study import INJECTIONS

from forgetting import laws, records


def test_stars_are_at_the_lowest_target_loss(whole):
  study, _ = whole
  table = pd.read_csv(study / "figures" / "u_curves.csv")
  assert table.groupby("run")["best"].sum().eq(1).all()
  lowest = table.loc[table.groupby("run")["target_loss"].idxmin()]
  assert lowest["best"].all()
  assert table["injection"].nunique() == len(INJECTIONS)


def test_law_through_the_runs_is_the_fit(whole):
  study, _ = whole
  table = pd.read_csv(study / "figures" / "injection.csv")
  runs = records.load(study)
  for domain in ("kjv", "wiki_fr"):
    lines = table[table["domain"] == domain].groupby("kind")
    # where another form fits best, the published one is drawn beside it
    kind = "published" if "published" in lines.groups else "law"
    line = lines.get_group(kind)
    fit = laws.fit(runs[runs["domain"] == domain], "forgetting")
    expected = fit.predict(line)["prediction"].to_numpy()
    np.testing.assert_allclose(line["pretrain_loss"], expected, rtol=1e-6)
