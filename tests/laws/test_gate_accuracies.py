"""What the harness' results of two models say, side by side."""

import math

import pytest

from forgetting.config import InputError
from forgetting.laws.gate_accuracies import paired, rows


def results(acc: float, **more) -> dict:
  return {
    "alias": "hellaswag",
    "acc,none": acc,
    "acc_stderr,none": 0.03,
    **{name.replace("__", ","): value for name, value in more.items()},
  }


def test_a_task_is_told_before_and_after_with_its_change():
  (found,) = paired({"hellaswag": results(0.5)}, {"hellaswag": results(0.4)})
  assert (found.metric, found.base, found.tuned) == ("acc", 0.5, 0.4)
  assert found.change == pytest.approx(-0.1)
  assert found.error == pytest.approx(0.03 * math.sqrt(2))
  header, row = rows([found])
  assert header == ["task", "metric", "before", "after", "change"]
  assert row == ["hellaswag", "acc", "0.5000", "0.4000", "-0.1000 ± 0.0424"]
  assert rows([]) == []


def test_the_normed_accuracy_is_told_where_there_is_one():
  normed = results(0.5, acc_norm__none=0.6, acc_norm_stderr__none="N/A")
  (found,) = paired({"arc": normed}, {"arc": normed})
  assert (found.metric, found.base) == ("acc_norm", 0.6)
  assert math.isnan(found.error)
  assert rows([found])[1][-1] == "+0.0000"


@pytest.mark.parametrize(
  ("base", "tuned", "line"),
  [
    ({"x": results(0.5)}, {}, "found no acc,none of x of the tuned model"),
    ({"x": {"alias": "x"}}, {}, "found no number of x"),
    ({"x": {"acc,none": "N/A"}}, {}, "found no number of x"),
  ],
)
def test_what_cannot_be_paired_is_one_line(base, tuned, line):
  with pytest.raises(InputError, match=line):
    paired(base, tuned)
