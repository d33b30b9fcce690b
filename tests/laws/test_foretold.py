"""Rates of exchange from features, judged by leaving sources out."""

import dataclasses
import math

import numpy as np
import pytest

from forgetting.laws.exchange import Rate
from forgetting.laws.foretold import foretell


def rate(source: str, q: float) -> Rate:
  return Rate(
    source, q, q, q, 1, 0, 0, 0, {}, np.zeros(1), rise=0.3 - 2 * q, compared=1
  )


def test_the_feature_that_tells_is_first_and_misses_nothing():
  noise = np.random.default_rng(0)
  features, rates = {}, []
  for i in range(8):
    features[f"s{i}"] = dict(junk=noise.normal(), likeness=float(i))
    rates.append(rate(f"s{i}", 1 - i / 10))
  rates.append(rate("self-t1", 0.9))  # has no features
  first, second, *in_nats = foretell(rates, features)
  assert [one.worth for one in in_nats] == ["nats", "nats"]
  assert in_nats[1].error == pytest.approx(2 * second.error)
  unknown = [dataclasses.replace(one, rise=math.nan) for one in rates]
  assert foretell(unknown, features) == [first, second]
  assert (first.feature, first.sources) == ("likeness", 8)
  assert first.error == pytest.approx(0, abs=1e-12)
  assert first.order == pytest.approx(-1)
  # which has the most, and by how much the mean of the others is worse
  assert first.first == "s0" and 0 < first.low < first.mean_error < first.high
  assert second.error > 0.1 and second.mean_error == first.mean_error > 0.2


def test_few_sources_tell_nothing():
  features = {f"s{i}": dict(x=float(i)) for i in range(3)}
  assert foretell([rate(name, 0.1) for name in features], features) == []
