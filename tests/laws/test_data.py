"""Tables that a law cannot be fitted to are refused in one line."""

import numpy as np
import pandas as pd
from planted_tables import planted
import pytest

from forgetting import laws
from forgetting.config import InputError


def test_unfinished_runs_and_pretrainings_are_left_out():
  table = planted()
  extra = table.iloc[:2].assign(status="diverged", pretrain_loss=99.0)
  base = table.iloc[:1].assign(domain=None, injection=1.0)
  both = laws.fit(pd.concat([table, extra, base]), "forgetting")
  assert both.n == len(table)
  assert both.objective == laws.fit(table, "forgetting").objective


@pytest.mark.parametrize(
  ("change", "message"),
  [
    ({"pretrain_loss": np.nan}, "not finite"),
    ({"model_params": -1.0}, "not positive"),
    ({"injection": 1.5}, r"not in \[0, 1\]"),
    ({"model_params": 1e6}, "1 level.* a law without N: replay, replay_log, "),
  ],
)
def test_bad_tables_are_one_clear_line(change, message):
  table = planted().assign(**change)
  with pytest.raises(InputError, match=message) as error:
    laws.fit(table, "forgetting")
  assert "\n" not in str(error.value)


def test_float32_is_refused():
  table = planted().astype({"pretrain_loss": "float32"})
  with pytest.raises(InputError, match="float32"):
    laws.fit(table, "forgetting")


def test_three_rows_are_refused():
  table = planted(((1e6, 2e6, 4e6), (1e5,), (0,)))
  with pytest.raises(InputError):
    laws.fit(table, "forgetting")


def test_a_column_in_percent_is_named_itself_not_what_is_made_of_it():
  table = planted().assign(injection=lambda t: 100 * t["injection"])
  with pytest.raises(InputError, match="column injection: .* is it percent"):
    laws.fit(table.drop(columns="planned_tokens", errors="ignore"), "tokens")
