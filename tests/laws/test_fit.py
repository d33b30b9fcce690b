"""Planted laws come back, alone, by domain and pooled."""

import pandas as pd
from planted_tables import planted
import pytest

from forgetting import laws
from forgetting.config import InputError


def test_planted_parameters_are_found_without_noise():
  fitted = laws.fit(planted(noise=0), "forgetting")
  for name, value in {"alpha": 0.65, "beta": 0.45, "B": 2000}.items():
    assert fitted.params[name] == pytest.approx(value, rel=1e-5)
  assert fitted.params["E"] == 0


def test_intervals_hold_the_truth_and_the_fit_is_certified():
  fitted = laws.fit(planted(seed=5), "forgetting")
  truth = {"alpha": 0.65, "beta": 0.45, "B": 2000}
  intervals = fitted.interval(0.99)
  for name, value in truth.items():
    low, high = intervals[name]
    assert low < value < high
  assert fitted.certificate.holds
  assert fitted.certificate.agree == 1
  assert not fitted.unidentified


def test_free_floor_nests_the_fixed_one():
  table = planted(seed=2)
  fixed = laws.fit(table, "forgetting")
  free = laws.fit(table, "forgetting", free=("E",))
  assert free.objective <= fixed.objective * (1 + 1e-12)
  low, high = free.interval()["E"]
  assert low < 0 < high


def test_one_fit_a_domain_and_several_domains_are_refused_without():
  table = pd.concat([planted(), planted(strength=300.0, domain="wiki", seed=1)])
  fits = laws.fit(table, "forgetting", by="domain")
  assert set(fits) == {"kjv", "wiki"}
  assert fits["wiki"].params["B"] < 500 < fits["kjv"].params["B"]
  with pytest.raises(InputError, match="2 domains"):
    laws.fit(table, "forgetting")


def test_pooled_domains_share_exponents():
  table = pd.concat(
    [
      planted(noise=0),
      planted(noise=0, strength=300.0, domain="wiki", forgetting=0.6),
    ]
  )
  fitted = laws.fit(table, "forgetting", shared=("alpha", "beta"))
  assert fitted.params["alpha"] == pytest.approx(0.65, rel=1e-4)
  assert fitted.params["B[kjv]"] == pytest.approx(2000, rel=1e-3)
  assert fitted.params["B[wiki]"] == pytest.approx(300, rel=1e-3)
