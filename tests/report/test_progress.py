"""Pretraining progress lost."""

import pandas as pd

from forgetting import records


def test_progress_lost_is_read_off_the_pretraining(one_domain):
  folder, _ = one_domain
  table = pd.read_csv(folder / "figures" / "progress.csv")
  curves = records.curves(folder)
  row = table[table["injection"] == 0].iloc[0]
  curve = curves[
    curves["domain"].isna() & (curves["model_params"] == row["model_params"])
  ].sort_values("step")
  losses, steps = curve["pretrain_loss"].to_numpy(), curve["step"].to_numpy()
  wanted = losses[-1] + row["forgetting"]
  after = int((losses > wanted).sum())
  expected = 100 * (1 - steps[[after - 1, after]] / steps[-1])
  assert expected[1] <= row["progress_lost"] <= expected[0]
