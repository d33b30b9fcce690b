"""Replay policies against planted gains and a planted law."""

import numpy as np
import pandas as pd
from planted_policies import F0, B, table
import pytest

from forgetting import records
from forgetting.associations import policies
from forgetting.config import InputError


def test_gains_are_paired_by_seed():
  found = policies.compare(table()).set_index(["domain", "injection", "policy"])
  for domain, f0 in F0.items():
    for policy, b in B.items():
      row = found.loc[(domain, 0.05, policy)]
      left, random = (f0 / (1 + each * 0.05) for each in (b, B["uniform"]))
      assert row["removed"] == pytest.approx(f0 - left)
      assert row["gain"] == pytest.approx(random - left)
      # the seed's luck is in both runs of a pair
      assert row["gain_high"] - row["gain_low"] == pytest.approx(0, abs=1e-9)
      assert row["seeds"] == 5
  assert set(found.index.get_level_values("policy")) == set(B)  # no probe


def test_an_interval_holds_what_is_nil_and_not_what_is_there():
  gains = policies.overall(table(noise=0.01))
  assert gains["online"]["gain_low"] < 0 < gains["online"]["gain_high"]
  assert gains["predicted"]["gain_low"] > 0 and gains["true"]["gain_low"] > 0
  assert list(gains) == ["predicted", "online", "true"]
  assert gains["true"]["target_rise"] == pytest.approx(0.01)
  assert gains["online"]["target_rise"] == 0


def test_intervals_cover_at_their_level():
  """Of the seeds' mean, in repeated planted studies."""
  draw, inside = np.random.default_rng(1), 0
  for _ in range(400):
    values = draw.normal(0.3, 1, 5)
    found = policies._interval("x", values, 0.9)
    inside += found["x_low"] < 0.3 < found["x_high"]
  assert 0.86 < inside / 400 < 0.94
  alone = policies._interval("x", np.array([0.3]), 0.9)
  assert np.isnan(alone["x_low"]) and alone["x"] == 0.3


def test_a_chosen_token_is_worth_the_ratio_of_the_bs():
  frame = table(seeds=12)
  frame["pretrain_loss"] -= frame.groupby(["domain", "seed"])[
    "pretrain_loss"
  ].transform("max")  # the seeds' luck, which the law does not have
  frame["pretrain_loss"] += 2.0 + frame["domain"].map(F0)
  for found in policies.worth(frame):
    assert found.b == pytest.approx(B[found.policy], rel=1e-5)
    assert found.tokens == pytest.approx(B[found.policy] / 8, rel=1e-5)
  for found in policies.worth(table(noise=0.005, seeds=12)):
    assert found.tokens_low <= found.tokens <= found.tokens_high
    if found.policy == "true":
      assert found.tokens_low > 1


def test_the_worth_of_a_token_is_covered_at_four_seeds():
  """Nominal 95 %, of the ratio of the planted Bs."""
  inside = 0
  for study in range(60):
    draw = np.random.default_rng(study)
    frame = table(seeds=4)
    frame = frame[(frame["domain"] == "kjv") & (frame["replay"] != "true")]
    noise = draw.normal(0, 0.02, len(frame))
    frame["pretrain_loss"] += noise
    [found] = [w for w in policies.worth(frame) if w.policy == "online"]
    inside += found.tokens_low < 1 < found.tokens_high
  assert inside >= 54
  alone = policies.worth(table(seeds=1))
  assert all(np.isnan(w.tokens_low) for w in alone)


def test_lines_and_json_tell_the_same():
  frame = table(noise=0.01)
  told = "\n".join(policies.lines(frame))
  data = policies.as_data(frame)
  gain = data["overall"]["true"]["gain"]
  assert f"true: gain over uniform {gain:+.4f}" in told
  assert len(data["cells"]) == 24 and len(data["worth"]) == 8
  assert "a chosen token is worth" in told


def test_laws_are_fitted_to_random_injection_alone():
  frame = table()
  kept = records.random_injection(frame)
  assert set(kept["replay"]) == {"none", "uniform"}
  plain = frame.drop(columns="replay")
  assert records.random_injection(plain) is plain
  frame.loc[:3, "replay"] = None
  assert len(records.random_injection(frame)) > len(kept)


def test_half_done_studies_are_told():
  frame = table()
  assert policies.has_policies(frame)
  assert not policies.has_policies(frame[frame["replay"] == "uniform"])
  with pytest.raises(InputError, match="found none, expected finished runs"):
    policies.compare(frame[frame["replay"] == "uniform"])
  with pytest.raises(InputError, match="two runs of true for kjv"):
    policies.compare(pd.concat([frame, frame[frame["replay"] == "true"][:1]]))
  one = frame[(frame["domain"] == "kjv") | (frame["replay"] != "uniform")]
  with pytest.raises(InputError, match="law without its runs of no"):
    policies.compare(one)
  with pytest.raises(InputError, match="kjv without its runs of no"):
    policies.compare(frame[frame["replay"] != "none"])
