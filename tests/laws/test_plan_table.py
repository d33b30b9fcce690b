"""The runs of a plan, a line a size and amount of text."""

import pandas as pd

from forgetting.laws import plan_table

RUNS = pd.DataFrame(
  [
    (1e6, 2e4, 0.05, 3e9),
    (1e6, 1e4, 0.0, 1.234e9),
    (1e6, 2e4, 0.05, 3e9),
    (1e6, 2e4, 0.0, 2e9),
  ],
  columns=["model_params", "target_tokens", "injection", "cost"],
)


def test_runs_of_a_cell_are_counted_and_costs_summed():
  counted = plan_table.counted(RUNS)
  assert counted["seeds"].tolist() == [1, 1, 2]
  assert counted["cost"].tolist() == [1.234e9, 2e9, 6e9]
  # the same where a row says its seeds
  again = counted.assign(cost=counted["cost"] / counted["seeds"])
  pd.testing.assert_frame_equal(plan_table.counted(again), counted)


def test_a_line_a_size_and_amount():
  assert plan_table.lines(RUNS)[1:] == [
    "   1,000,000         10,000     1  1.2e+09  0% x1",
    "   1,000,000         20,000     3    8e+09  0% x1, 5% x2",
  ]
  assert plan_table.lines(RUNS[:0]) == []
