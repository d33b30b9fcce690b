"""Profiles of the objective."""

import planted_tables
import pytest

from forgetting import laws

FITTED = laws.fit(planted_tables.pretrainings(), "chinchilla")


def test_profile_touches_the_optimum_and_rises_from_it():
  best = FITTED.params["alpha"]
  values = laws.profile(FITTED, "alpha", [0.7 * best, best, 1.4 * best])
  assert values[1] == pytest.approx(FITTED.objective, rel=1e-9)
  assert min(values[0], values[2]) > values[1] * (1 + 1e-6)
