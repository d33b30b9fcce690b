"""Sentences of the page."""

import numpy as np
import pandas as pd
import pytest

from forgetting import laws
from forgetting.report import words
from forgetting.report.fitted import Counsel


def advice_of(**values):
  known = dict(
    domain="kjv",
    model_params=1e6,
    target_tokens=1e5,
    tolerance=0.1,
    level=0.95,
    injection=0.05,
    low=0.04,
    high=0.06,
    feasible=1.0,
    without=0.3,
    without_low=0.2,
    without_high=0.4,
    reached=0.1,
    target_loss=None,
    beyond={},
    cautions=(),
  )
  return laws.Advice(**known | values)


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
