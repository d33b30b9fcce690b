"""What a cell's own runs say of a tolerance."""

from hypothesis import given
from hypothesis import strategies as st
import planted_tokens
import pytest

from forgetting import laws
from forgetting.laws import measured


def test_a_cell_has_the_mean_of_its_runs():
  table = planted_tokens.planted(noise=0)
  fit = laws.fit(table, "tokens_best")
  cell = measured.of_cell(fit, {"N": 2.001e4, "D": 2048})
  rows = table[
    (table["model_params"] == 2e4) & (table["target_tokens"] == 2048)
  ]
  forgotten = rows["pretrain_loss"] - rows["base_pretrain_loss"]
  assert cell == pytest.approx(
    dict(zip(rows["injection"], forgotten, strict=True))
  )
  assert measured.of_cell(fit, {"N": 3e4, "D": 2048}) == {}
  assert (
    measured.of_cell(laws.Fit.from_dict(fit.as_dict()), {"N": 2e4, "D": 2048})
    == {}
  )


@given(st.floats(0.21, 0.49))
def test_the_answer_lies_between_the_runs_that_bracket_it(tolerance):
  found = measured.bracket({0.0: 0.5, 0.02: 0.4, 0.2: 0.2}, tolerance)
  at = found.between(tolerance, 0.01)
  assert found.low <= at <= found.high
  assert found.over > tolerance >= found.under
  assert found.holds(at)


def test_what_is_on_one_side_or_not_in_order_brackets_nothing():
  assert measured.bracket({0.0: 0.5, 0.2: 0.4}, 0.3) is None
  assert measured.bracket({0.0: 0.2, 0.2: 0.1}, 0.3) is None
  assert measured.bracket({0.0: 0.2, 0.02: 0.4, 0.2: 0.1}, 0.3) is None
