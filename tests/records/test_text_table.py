from forgetting.records import text_table


def test_names_stand_left_and_numbers_right():
  rows = [("", "runs", "done"), ("25k kjv", "3", "10")]
  assert text_table.lines(rows) == [
    "         runs  done",
    "25k kjv     3    10",
  ]


def test_more_columns_may_stand_left_and_no_line_ends_in_spaces():
  rows = [("a", "bcd", "1"), ("ab", "b", "")]
  assert text_table.lines(rows, left=2, indent="  ") == [
    "  a   bcd  1",
    "  ab  b",
  ]
