"""Words in tables of runs, and what is said of them."""

import pandas as pd
import pytest

from forgetting.config import TableWarning
from forgetting.records import table_columns
from forgetting.records.table_columns import LINE

WORDS = ("finished", " Success", "COMPLETED", "crashed", "done", None)


def test_words_of_trackers_for_a_run_that_ended_well_are_done():
  frame = table_columns.understood(pd.DataFrame({"status": WORDS}), "mine.csv")
  done = frame["status"] == table_columns.DONE
  assert done.tolist() == [True, True, True, False, True, False]


def test_rows_left_out_are_counted_by_their_status():
  words = ["done", "crashed", "crashed", "running"]
  frame = pd.DataFrame({"status": words, LINE: range(4)})
  told = r"3 of 4 rows left out, status crashed \(2\), running \(1\)"
  with pytest.warns(TableWarning, match=told):
    table_columns.tell_left_out(frame, frame.iloc[:1])
  none = table_columns.found_status(frame.iloc[1:])
  assert none == (
    "; status: found crashed (2), running (1), expected done or finished"
  )
  assert not table_columns.found_status(frame)
