"""Sentences of the page."""

from known_advice import advice_of
import numpy as np
import pandas as pd
import pytest

from forgetting.report import words
from forgetting.report.fitted import Counsel


@pytest.mark.parametrize(
  ("values", "flag"),
  [
    (dict(injection=np.inf, low=np.inf, high=np.inf), "infeasible"),
    (dict(beyond={"model_params": 3.0}), "model params 3 × beyond the runs"),
    (dict(feasible=0.6), "feasible in 60 %"),
  ],
)
def test_flags_of_an_advice(values, flag):
  counsel = Counsel("kjv", 1e6, 1e5, advice_of(**values), 0.05, 0.09, False)
  assert [flag in told for told in words.flags(counsel)] == [True]


def test_share_left_is_that_of_the_median_cell():
  # the cell that forgets most does not decide; one that learns does not count
  table = pd.DataFrame(
    {0: [1.0, 1.0, 100.0, -1.0], 0.01: [0.2, 0.5, 90.0, 3.0]}
  )
  assert words._share_left(table, 0.01) == 0.5
