"""Laws side by side."""

from planted_tables import toy

from forgetting.laws.compare import compare


def test_comparison_prefers_the_form_that_fits():
  pair = (("forgetting", ()), ("forgetting_log", ()))
  result = compare(toy(), laws=pair)
  assert result.table.index[0] == "forgetting_log"
  assert (
    result.table.loc["forgetting_log", "AICc"]
    < (result.table.loc["forgetting", "AICc"])
  )
  assert "backtest" in str(result)
