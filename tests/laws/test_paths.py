import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import planted_remedies
import pytest

from forgetting.laws import paths


@settings(max_examples=50, deadline=None)
@given(target=st.floats(1.9, 3.1))
def test_a_path_is_straight_between_its_evaluations(target):
  ((path,),) = paths.paths_of(planted_remedies.curve()).values()
  there = path.at(target)
  if target < planted_remedies.TURN:
    assert there is None
  else:
    assert there.forgetting == pytest.approx(max(3.0 - target, 0), abs=1e-9)


def test_what_a_step_costs_is_its_method_s():
  curve = planted_remedies.curve("lora-r4", lr=1e-2)
  ((lora,),) = paths.paths_of(curve).values()
  there = lora.at(2.5)
  assert there.tokens == pytest.approx(4000)
  assert there.work == pytest.approx(4000 * 2 / 3)


def test_a_run_is_named_by_all_that_sets_it_apart():
  row = dict(method="full", optimizer="adamw-cosine", injection=0.0)
  usual = "full", "adamw-cosine", 1e-3
  assert paths.named(row | dict(peak_lr=1e-3), usual) == ("plain", "plain")
  assert paths.named(row | dict(peak_lr=1e-2), usual) == ("lr", "lr 0.01")
  muon = row | dict(optimizer="muon-cosine", peak_lr=1e-3, injection=0.05)
  assert paths.named(muon, usual) == (
    "muon-cosine + injection",
    "muon-cosine 0.001, p 0.05",
  )


def test_how_far_muon_s_rates_are_apart_is_a_strength():
  row = dict(method="full", optimizer="muon-cosine-x10", injection=0.0)
  assert paths.named(
    row | dict(peak_lr=1e-3), ("full", "adamw-cosine", 1e-3)
  ) == (
    "muon-cosine",
    "muon-cosine-x10 0.001",
  )


def test_plain_is_the_usual_method_of_a_study_without_full_fine_tuning():
  curves = planted_remedies.curves()
  lora = curves[curves.method == "lora-r4"]
  other = lora.assign(method="lora-r64", run="other")
  beside = lora.assign(
    injection=0.05, replay_source="news", replay="from-news", run="beside"
  )
  both = pd.concat([lora, other, beside], ignore_index=True)
  (of_cell,) = paths.paths_of(both).values()
  assert {path.run: (path.remedy, path.arm) for path in of_cell} == {
    lora["run"].iloc[0]: ("plain", "plain"),
    "other": ("lora", "lora-r64"),
    "beside": ("injection from news", "p 0.05 from news"),
  }
  # the way from base to best is asked of plain runs, and of the own corpus
  assert paths.blended_of(both) == [lora["run"].iloc[0]]
  written = beside.assign(
    replay_source="self-t1", replay="from-self-t1", run="written"
  )
  both = pd.concat([both, written], ignore_index=True)
  (of_cell,) = paths.paths_of(both).values()
  arms = {path.run: path.arm for path in of_cell}
  assert arms["written"] == "p 0.05"  # what the parent wrote stands for it
  assert paths.blended_of(both) == [lora["run"].iloc[0], "written"]
  # where there are full ones, those are plain
  (of_cell,) = paths.paths_of(curves).values()
  assert "lora" in {path.remedy for path in of_cell}


def test_text_of_another_source_is_another_remedy():
  curves = planted_remedies.curves()
  injected = curves["injection"] > 0
  curves["replay_source"] = np.where(injected, "own", None)
  other = curves[curves.run == "full-p0.2-lr0.001-s0"]
  other = other.assign(replay_source="news", run="news")
  (of_cell,) = paths.paths_of(pd.concat([curves, other])).values()
  arms = {path.run: path.arm for path in of_cell}
  assert arms["full-p0.2-lr0.001-s0"] == "p 0.2"
  assert arms["news"] == "p 0.2 from news"
  blends = planted_remedies.blends().assign(run="news")
  ((*_, both),) = paths.paths_of(pd.concat([curves, other]), blends).values()
  assert (both.remedy, both.arm) == (
    "averaging + injection from news",
    "averaging, p 0.2 from news",
  )


def test_averages_follow_the_run_that_they_are_of():
  (of_cell,) = paths.paths_of(
    planted_remedies.curves(), planted_remedies.blends()
  ).values()
  (mean,) = (path for path in of_cell if path.remedy == "averaging")
  assert mean.run == "full-p0.0-lr0.001-s0"
  assert math.isnan(mean.at(2.5).work)
  assert mean.at(2.5).forgetting == pytest.approx(0.25, abs=0.01)


def test_an_average_is_read_where_it_first_has_a_target_loss():
  """Past its best weight the same loss comes again, with more forgotten."""
  blends = planted_remedies.blends()
  weight = blends["strength"]
  lowest = planted_remedies.BASE - planted_remedies.TURN
  blends["target_loss"] = planted_remedies.BASE - lowest * (
    1 - ((weight - 0.7) / 0.7) ** 2
  )
  ((_, *others),) = paths.paths_of(planted_remedies.curves(), blends).values()
  (mean,) = (path for path in others if path.remedy == "averaging")
  again = float(mean.target[-1])  # of best: had before at .4
  assert mean.at(again).forgetting == pytest.approx(0.16, abs=1e-6)


def test_averages_of_a_run_that_injects_are_both_together():
  curves = planted_remedies.curves()
  run = curves["run"][curves["injection"] > 0].iloc[0]
  blends = planted_remedies.blends().assign(run=run)
  (of_cell,) = paths.paths_of(curves, blends).values()
  (both,) = (path for path in of_cell if path.remedy.startswith("averaging"))
  p = curves["injection"][curves["run"] == run].iloc[0]
  assert (both.remedy, both.arm) == (
    "averaging + injection",
    f"averaging, p {p:g}",
  )
