"""Columns of a table, by the names and for the law that asks."""

import numpy as np
import pandas as pd
import pytest

from forgetting.config import InputError
from forgetting.laws import LAWS, table
from forgetting.laws.vocabulary import INJECTION, MODEL_PARAMS


def test_symbols_and_loss_are_those_of_the_law():
  asked = {"N": "size", "loss": "val", "seed": "trial"}
  assert table.names_of(LAWS["forgetting"], asked) == {
    "model_params": "size", "pretrain_loss": "val", "seed": "trial",
  }  # fmt: skip
  assert table.names_of(LAWS["target"], {"L": "x"}) == {"target_loss": "x"}
  assert table.names_of(LAWS["target"], None) == {}


def test_a_law_of_finetunings_takes_the_finished_ones_that_inject_by_chance():
  frame = pd.DataFrame(
    {
      "domain": ["kjv", None, "", "kjv", "kjv"],
      "status": ["done", "done", "done", "diverged", "done"],
      "replay": [None, None, None, None, "predicted"],
    }
  )
  kept = table.select(frame, LAWS["forgetting"])
  assert kept["domain"].tolist() == ["kjv"]
  assert len(table.select(frame, LAWS["chinchilla"])) == 2
  with pytest.raises(InputError, match="finished finetunings runs"):
    table.select(frame.iloc[1:3], LAWS["forgetting"])


def test_levels_and_groups():
  values = np.array([1.0, 1.0 + 1e-12, 2.0, 1.0])
  assert table.levels(values) == 2
  frame = pd.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"]})
  assert len(set(table.codes(frame, ("a", "b")))) == 3
  assert table.codes(frame, ("a",)).tolist() == [0, 0, 1]
  assert table.codes(frame, ("c",)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
  ("values", "variable", "line"),
  [
    ([0.1, 1.5], INJECTION, r"1 of 2 values are not in \[0, 1\]"),
    ([1.0, np.nan], INJECTION, "not finite numbers"),
    ([1.0, 0.0], MODEL_PARAMS, "not positive"),
    (["a", "b"], MODEL_PARAMS, "not numbers"),
  ],
)
def test_values_that_cannot_be_are_one_line(values, variable, line):
  frame = pd.DataFrame({variable.columns[0]: values})
  with pytest.raises(InputError, match=line):
    table.numbers(frame, variable, "N")
  with pytest.raises(InputError, match="name yours with columns N=NAME"):
    table.numbers(frame[[]], variable, "N")


def test_the_domain_is_named_or_the_only_one():
  assert table.domain_of(["kjv"], None) == "kjv"
  assert table.domain_of(["1", "2"], 1) == "1"
  with pytest.raises(InputError, match="no domain given: the table has 1, 2"):
    table.domain_of(["1", "2"], None)
  with pytest.raises(InputError, match="no domain 'x': the table has 1"):
    table.domain_of(["1"], "x")
