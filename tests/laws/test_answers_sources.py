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
  read_alike = answers_sources.sources(table, by_self=by_self, beside=by_self)
  assert read_alike.data["together"]["ratio"] == pytest.approx(1)
  assert "self-t1" in found.text and "tokens of the parent's own" in found.text


def test_what_others_are_told_beside_is_said(table):
  without = answers_sources.sources(table[table["replay_source"] != "own"])
  assert without.data["reference"] == "self-t1"
  assert "self-t1, stands for it below as own" in without.text
  assert "it says nothing yet" not in without.text
  few = (table["model_params"] == 50_000) & (table["domain"] == "law")
  few &= table["injection"] == 0.2
  told = answers_sources.sources(table[few]).text
  assert "q of wiki is told by no more runs" in told


def test_features_are_told_beside_what_they_would_have_told():
  rates = {f"s{i}": i / 10 for i in range(1, 6)}
  features = {
    word: dict(base_loss=3 - q, missing=(-1) ** i)
    for i, (word, q) in enumerate(rates.items())
  }
  found = answers_sources.sources(planted(rates), features=features)
  best, *_ = found.data["foretold"]
  assert (best["worth"], best["feature"]) == ("q", "base_loss")
  assert best["error"] < 0.02
  rows = [line.split() for line in found.text.splitlines()]
  assert ["source", "q", "nats", "base_loss", "missing"] in rows
  (row,) = [row for row in rows if row[:3] == ["q", "by", "base_loss"]]
  assert row[-3:-1] == ["-1.00", "s5"]


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


def test_what_stands_for_the_corpus_is_advised_by_its_own_name(table):
  public = table[table["replay_source"] != "own"]
  asked = dict(
    domain="law", model_params=1e5, target_tokens=1e4, tolerance=0.2,
    law="tokens", fixed={"beta": 0.0},
  )  # fmt: skip
  of_self = answers_sources.advise(public, replay_source="self-t1", **asked)
  assert "self-t1, stands for it" in of_self.text
  own = of_self.data["own_injection"]
  assert of_self.data["injection"] == pytest.approx(own)
  assert "of self-t1 in place of" in of_self.text
  far = answers_sources.advise(
    public, replay_source="self-t1", **asked | {"tolerance": 0.05}
  )
  assert "that is beyond the 20 % that was tried" in far.text
  both = answers_sources.advise(public, replay_source="own,self-t1", **asked)
  assert both.data["injection"] == pytest.approx(own)
  of_wiki = answers_sources.advise(public, replay_source="wiki", **asked).data
  assert of_wiki["own_injection"] == pytest.approx(own)
  assert of_wiki["injection"] > own


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
