"""Every figure has its table and its files."""

import pandas as pd

FIGURES = (
  "u_curves", "injection", "sizes", "progress", "halving", "predicted",
  "bottom",
)  # fmt: skip


def test_every_figure_has_its_table_and_files(whole):
  study, page = whole
  for name in FIGURES:
    files = {f.suffix for f in (study / "figures").glob(f"{name}.*")}
    assert files == {".png", ".svg", ".csv"}
    assert f"figures/{name}.csv" in page.links
  table = pd.read_csv(study / "figures" / "injection.csv")
  measured = table[table["kind"] == "measured"]
  runs = pd.read_csv(study / "runs.csv").dropna(subset="domain")
  assert sorted(measured["pretrain_loss"]) == sorted(runs["pretrain_loss"])
