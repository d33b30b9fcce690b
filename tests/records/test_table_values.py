"""What no fit can reckon with, in one line that says where it is."""

import pandas as pd
import pytest

from forgetting.config import InputError
from forgetting.records import table_file, table_values


def frame_of(tmp_path, text: str) -> pd.DataFrame:
  (tmp_path / "mine.csv").write_text(text)
  return table_file.read(tmp_path / "mine.csv", lines=True)


def test_the_first_that_is_no_number_is_told_with_its_line(tmp_path):
  frame = frame_of(tmp_path, 'loss,n\n3,1\n2,"1,234"\noom,2\n')
  with pytest.raises(
    InputError, match=r"mine.csv line 4: .* not numbers: 'oom'"
  ):
    table_values.floats(frame, "loss")
  # a part of the table still knows its lines
  with pytest.raises(InputError, match="line 3: .*may be 1234 or 1.234"):
    table_values.floats(frame.iloc[1:].reset_index(drop=True), "n")


def test_nan_and_infinite_are_counted():
  frame = pd.DataFrame({"loss": [1.0, float("nan"), float("inf")]})
  wrong = (~frame["loss"].between(0, 9)).to_numpy()
  with pytest.raises(InputError, match=r"2 of 3 .*: 1 nan, 1 infinite \(row 1"):
    table_values.refuse(frame, "loss", wrong, "not finite numbers")


@pytest.mark.parametrize(
  ("values", "line"),
  [
    ([0, 5], r"not in \[0, 1\] .*percent\? Then write 5% or 0.05"),
    ([0, 1], "no target text .*percent"),
    ([-0.1, 0], r"not in \[0, 1\] .*expected a fraction"),
  ],
)
def test_percent_is_asked_for(values, line):
  frame = pd.DataFrame({"injection": values})
  with pytest.raises(InputError, match=line):
    table_values.check_fraction(frame, "injection", below_1=True)


def test_float32_is_refused_for_what_it_is():
  frame = pd.DataFrame({"loss": [1.0, 2.0]}).astype("float32")
  with pytest.raises(InputError, match="loss is float32"):
    table_values.floats(frame, "loss")


def test_thousands_that_pandas_would_take_for_decimals_are_told(tmp_path):
  told = "'10.000' may be 10.0 or 10000"
  commas = frame_of(tmp_path, "loss;n\n3,1;10.000\n2,25;40.000\n")
  with pytest.raises(InputError, match=rf"line 2: column n .*{told}"):
    table_values.floats(commas, "n")
  # nothing but the separator says that decimals have commas
  alone = frame_of(tmp_path, "domain;n\nkjv;10.000\n")
  with pytest.raises(InputError, match=told):
    table_values.floats(alone, "n")
  text = pd.DataFrame({"n": ["10", "10.000"]})
  with pytest.raises(InputError, match=rf"row 1: .*{told}"):
    table_values.floats(text, "n")


def test_a_point_elsewhere_says_what_points_are(tmp_path):
  frame = frame_of(tmp_path, "p;loss\n0.05;3.125\n0;3.250\n")
  assert table_values.floats(frame, "loss").tolist() == [3.125, 3.25]
