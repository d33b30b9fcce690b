"""The table of runs."""

from forgetting import records


def test_forgetting_in_the_table_is_the_difference(whole):
  study, page = whole
  runs = records.load(study)
  one = runs[(runs["domain"] == "kjv") & (runs["injection"] == 0.05)].iloc[0]
  forgetting = one["pretrain_loss"] - one["base_pretrain_loss"]
  assert f"{forgetting:.3f} ± 0.006" in page.text
