"""What a token of a source is worth: planted, and found again."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pandas as pd
from planted_sources import Q, planted
import pytest

from forgetting.config import InputError
from forgetting.laws import exchange


@pytest.fixture(scope="module")
def found():
  return exchange.rates(planted())


def test_planted_rates_are_found_within_their_intervals(found):
  assert [rate.source for rate in found] == ["self-t1", "wiki", "junk"]
  for rate in found:
    q = Q[rate.source]
    assert rate.low <= q + 0.01 and rate.high >= q
    assert abs(rate.q - q) < 0.1
    assert rate.runs == 12 and rate.error < 0.01
    assert rate.elsewhere < 0.008 < rate.as_own
    assert {*rate.by_size} == {50_000, 150_000}
  assert all(rate.differs for rate in found)


def test_a_source_that_is_worse_than_none_is_told():
  table = planted({"wiki": 0.2, "poison": 0.0})
  bad = table["replay_source"] == "poison"
  table.loc[bad, "pretrain_loss"] += 0.3 * table.loc[bad, "injection"] + 0.01
  good, harmful = exchange.rates(table)
  assert (harmful.source, harmful.raised, harmful.compared) == (
    "poison",
    12,
    12,
  )
  mean = 0.3 * np.mean([0.01, 0.05, 0.2]) + 0.01
  assert harmful.harms and harmful.rise == pytest.approx(mean, abs=0.002)
  assert not good.harms and good.raised == 0 and good.rise < 0


def test_a_mix_counts_as_the_sum_of_its_parts(found):
  whole = exchange.mixed(found, {"self-t1": 0.5, "wiki": 0.3, "own": 0.2})
  q = {rate.source: rate.q for rate in found}
  assert whole.q == pytest.approx(0.5 * q["self-t1"] + 0.3 * q["wiki"] + 0.2)
  assert whole.low < whole.q < whole.high
  assert exchange.mixed(found, {"wiki": 1.0}) is found[1]


@pytest.mark.parametrize(
  ("shares", "told"),
  [({"wiki": 0.4}, "add up to 0.4"), ({"news": 1.0}, "own, self-t1, wiki")],
)
def test_a_mix_that_cannot_be_is_refused(found, shares, told):
  with pytest.raises(InputError, match=told):
    exchange.mixed(found, shares)


@given(st.floats(0.001, 0.9), st.floats(0.05, 2))
def test_as_many_tokens_count_with_either_source(own, q):
  injection = exchange.injection_of(own, q)
  target = 1000.0  # trained on beside what is injected
  counted = q * target * injection / (1 - injection)
  assert counted == pytest.approx(target * own / (1 - own))


def test_without_other_sources_there_is_nothing_to_tell():
  with pytest.raises(InputError, match="none beside"):
    exchange.rates(planted({}))


def test_chosen_replay_is_no_row_of_the_own_corpus():
  table = planted({"wiki": 0.2})
  more = table[table["replay_source"] == "own"].assign(
    replay="true", pretrain_loss=9.0
  )
  more = more.assign(run=[f"x{i}" for i in range(len(more))])
  both = exchange.rates(pd.concat([table, more]))
  alone = exchange.rates(table)
  assert dataclasses.replace(both[0], draws=None) == dataclasses.replace(
    alone[0], draws=None
  )


def test_as_few_runs_as_parameters_have_no_interval():
  few = planted({"wiki": 0.2}, sizes=(50_000,), injections=(0.05,))
  (rate,) = exchange.rates(few, domain="law")
  assert np.isnan([rate.low, rate.high]).all() and rate.q >= 0


def test_without_the_corpus_rates_are_in_what_the_parent_writes():
  table = planted({"self-t1": Q["self-t1"], "wiki": Q["wiki"]})
  table = table[table["replay_source"] != "own"]
  (rate,) = exchange.rates(table)
  assert rate.source == "wiki"
  assert rate.q == pytest.approx(Q["wiki"] / Q["self-t1"], rel=0.1)
