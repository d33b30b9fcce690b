"""Fitted on the small, tested on the large."""

import pandas as pd


def test_the_largest_were_predicted_from_the_rest(one_domain):
  folder, page = one_domain
  table = pd.read_csv(folder / "figures" / "extrapolation.csv")
  assert set(table["loss"]) == {"pretraining", "target", "tokens at best"}
  largest = table[table["left_out"].str.startswith("the largest")]
  assert (largest["fitted_runs"] + largest["tested_runs"] == 36).all()
  # the planted law holds everywhere: what is left is the noise of .4 %
  forgetting = largest[largest["loss"] == "pretraining"]
  assert forgetting["error"].max() < 0.02
  assert "the largest model (197k) or target tokens (51.2k)" in page.text
