"""The pretraining curve, for the page and for advise."""

import numpy as np
import pandas as pd
import pytest

from forgetting.config import InputError
from forgetting.laws import curve


def evaluations(size, run, losses, *, domain=None, study="a"):
  rows = dict(study=study, run=run, domain=domain, model_params=size)
  steps = np.arange(len(losses)) * 10
  return pd.DataFrame(rows | dict(step=steps, pretrain_loss=losses))


def test_the_first_pretraining_of_each_size_is_its_curve():
  table = pd.concat(
    [
      evaluations(1e6, "a", [5.0, 4.0, 4.5, 3.0]),
      evaluations(1e6, "b", [9.0, 8.0]),
      evaluations(1e6, "a", [7.0, 6.0], study="b"),
      evaluations(2e6, "c", [4.0, np.nan, 2.0]),
      evaluations(4e6, "d", [1.0]),
      evaluations(4e6, "e", [8.0, 9.0], domain="kjv"),
    ]
  )
  found = curve.by_size(table)
  assert [*found] == [1e6, 2e6]
  assert found[1e6].losses.tolist() == [5.0, 4.0, 4.0, 3.0]
  assert found[2e6].steps.tolist() == [0.0, 20.0]
  assert curve.nearest(found, 1.2e6) is found[1e6]
  assert curve.nearest(found, 1e9) is found[2e6]


def test_a_control_is_no_pretraining():
  pretraining = evaluations(1e6, "a", [5.0, 4.0]).assign(replay=None)
  control = evaluations(2e6, "b", [3.0, 2.0]).assign(replay="control")
  assert [*curve.by_size(pd.concat([control, pretraining]))] == [1e6]


def test_a_table_may_be_of_one_model_and_say_no_size():
  table = evaluations(1e6, "a", [5.0, 4.0])[["step", "pretrain_loss"]]
  found = curve.nearest(curve.by_size(table), 3e5)
  assert found.losses.tolist() == [5.0, 4.0]


def test_no_curve_is_one_line():
  with pytest.raises(InputError, match="two or more finite losses"):
    curve.nearest(curve.by_size(evaluations(1e6, "a", [5.0])), 1e6)
  with pytest.raises(InputError, match=r"\['pretrain_loss'\] are missing"):
    curve.by_size(pd.DataFrame({"step": [1, 2]}))
