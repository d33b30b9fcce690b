"""Tokens trained on, as tables tell them."""

import numpy as np
import pandas as pd
import planted_tokens
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import trained


def test_best_tokens_are_those_until_the_bottom():
  table = pd.DataFrame(
    dict(best_step=[10, 20], bottom_step=[12.5, np.nan], steps=40, tokens=8000)
  )
  found = trained.with_tokens(table)
  assert found["best_tokens"].tolist() == [2500, 4000]
  assert found["planned_tokens"].tolist() == [8000, 8000]


def test_a_table_without_tokens_gets_them_from_target_text_and_epochs():
  table = pd.DataFrame(dict(target_tokens=[1000.0, 1000.0], injection=[0, 0.5]))
  found = trained.with_tokens(table, epochs=4)
  assert found["planned_tokens"].tolist() == [4000, 8000]
  assert "best_tokens" not in found
  # what another table's column lacks in some rows is told by the next
  table["planned_tokens"] = [np.nan, 123.0]
  again = trained.with_tokens(table, epochs=4)
  assert again["planned_tokens"].tolist() == [4000, 123]


@pytest.mark.filterwarnings("error")
def test_a_pretraining_has_no_epochs_and_no_warning():
  table = pd.DataFrame(dict(target_tokens=[0.0, 1000.0], injection=[1.0, 0.0]))
  planned = trained.with_tokens(table, epochs=4)["planned_tokens"]
  assert np.isnan(planned[0]) and planned[1] == 4000


def test_which_runs_turned():
  table = pd.DataFrame(dict(best_step=[5, 9], steps=[9, 9]))
  assert trained.turned(table).tolist() == [True, False]
  assert not trained.turned(pd.DataFrame(dict(injection=[0.0]))).any()


def test_evaluations_leave_out_the_base_and_the_warm_up():
  curves = planted_tokens.curves()
  found = trained.evaluations(curves)
  one = found[found["run"] == "run0"]
  before = curves[curves["run"] == "run0"]
  assert one["step"].min() >= 5 and one["step"].max() == before["step"].max()
  base = before.loc[before["step"] == 0, "pretrain_loss"].iloc[0]
  assert (one["base_pretrain_loss"] == base).all()
  last = one.iloc[-1]
  # a rate that falls along a line from 1 to .1, less the warm-up
  assert last["mean_lr"] == pytest.approx(0.5, abs=0.03)
  assert (trained.evaluations(found)["step"] == found["step"]).all()


def test_a_pretraining_has_no_curve_of_forgetting():
  curves = planted_tokens.curves().assign(domain="")
  assert not len(trained.evaluations(curves))


def test_a_curve_without_losses_is_told_by_the_fit():
  lost = dict(pretrain_loss=np.nan, target_loss=np.nan)
  curves = planted_tokens.curves().assign(**lost)
  with pytest.raises(InputError, match="column .*_loss: .* not finite numbers"):
    laws.fit(curves, "curves")
