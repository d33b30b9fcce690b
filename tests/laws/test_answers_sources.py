"""Rates of exchange in words, and advice by them."""

import math

import numpy as np
from planted_sources import Q, planted
import pytest

from forgetting.config import InputError
from forgetting.laws import answers_sources


@pytest.fixture(scope="module")
def table():
  return planted({"self-t1": Q["self-t1"], "wiki": Q["wiki"]})


def test_sources_are_told_with_the_other_measure_beside(table):
  change = table["pretrain_loss"] - table["base_pretrain_loss"]
  by_self = table.assign(
    base_pretrain_loss=2.0, pretrain_loss=2.0 + 1.1 * change
  )
  found = answers_sources.sources(table, by_self=by_self)
  assert [s["source"] for s in found.data["sources"]] == ["self-t1", "wiki"]
  assert found.data["together"]["ratio"] == pytest.approx(1.1)
  assert found.data["together"]["correlation"] == pytest.approx(1)
  for one, other in zip(
    found.data["sources"], found.data["by_self"], strict=True
  ):
    assert one["q"] == pytest.approx(other["q"], rel=1e-3)
  assert "self-t1" in found.text and "tokens of the parent's own" in found.text


def test_advice_by_a_source_injects_as_many_counted_tokens(table):
  asked = dict(
    domain="law", model_params=1e5, target_tokens=1e4, tolerance=0.2,
    law="tokens", fixed={"beta": 0.0},
  )  # fmt: skip
  found = answers_sources.advise(table, replay_source="wiki", **asked).data
  q = found["replay_source"]["q"]
  own, p = found["own_injection"], found["injection"]
  assert p / (1 - p) * q == pytest.approx(own / (1 - own))
  assert found["low"] < p < found["high"]
  # each half of what is injected counts as it does alone
  half = answers_sources.advise(table, replay_source="wiki,self-t1", **asked)
  assert own < half.data["injection"] < p


def test_shares_are_equal_or_named():
  assert answers_sources.parse("a,b") == {"a": 0.5, "b": 0.5}
  assert answers_sources.parse("a=0.3, b=0.7") == {"a": 0.3, "b": 0.7}
  for wrong in ("a=0.3,b", "a=x", "a=-1"):
    with pytest.raises(InputError, match="a source and its share"):
      answers_sources.parse(wrong)


def test_intervals_add_up_in_logs():
  rate = answers_sources.Rate("s", 0.5, 0.25, 1.0, 1, 0, 0, 0, {}, np.zeros(1))
  p, low, high = answers_sources._in_source(0.1, (0.1, 0.1), rate)
  odds = [x / (1 - x) for x in (low, p, high)]
  assert odds[1] == pytest.approx(2 * 0.1 / 0.9)
  assert odds[2] / odds[1] == pytest.approx(2) == odds[1] / odds[0]
  none = answers_sources.Rate("s", 0.5, 0.0, 1.0, 1, 0, 0, 0, {}, np.zeros(1))
  assert answers_sources._in_source(0.1, (0.1, 0.1), none)[2] == 1
  assert math.isclose(answers_sources._in_source(0.0, (0.0, 0.0), rate)[0], 0)
