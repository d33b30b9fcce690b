import pandas as pd
import planted_remedies

from forgetting.laws import answers_remedies
from forgetting.report import figure_remedies


def test_it_is_drawn_from_the_table_beside_it(tmp_path):
  curves, blends = planted_remedies.curves(), planted_remedies.blends()
  runs = planted_remedies.runs()
  data = answers_remedies.remedies(curves, runs, blends).data
  told = figure_remedies.write(data, curves, blends, tmp_path)
  assert told == f"figure: {tmp_path}/remedies (.png, .svg, .pdf, .csv)"
  table = pd.read_csv(tmp_path / "remedies.csv")
  assert {*table.remedy} >= {"plain", "lora", "averaging", figure_remedies.HULL}
  # of a remedy only the best strength
  assert {*table[table.remedy == "lora"].arm} == {"lora-r4, lr 0.01"}
  assert (tmp_path / "remedies.svg").stat().st_size > 1000
