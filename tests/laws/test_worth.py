import math

import numpy as np
import planted_remedies
import pytest

from forgetting.laws import paths, worth


@pytest.fixture(scope="module")
def currency():
  """Of the planted law: injection leaves 1 / (1 + 10 p) of 0.9 nats."""
  ((cell, of_cell),) = paths.paths_of(planted_remedies.curves()).items()
  mixed = [p for p in of_cell if p.remedy in (paths.PLAIN, paths.INJECTION)]
  return worth.Currency.of(cell, mixed, 2.1)


@pytest.mark.parametrize("injection", [0.02, 0.05, 0.1, 0.2])
def test_the_planted_injection_is_found(currency, injection):
  found = currency.worth(0.9 / (1 + 10 * injection), 0.01)
  assert found.injection == pytest.approx(injection, rel=0.15)
  assert found.low <= found.injection <= found.high


def test_beyond_what_was_tried_there_is_no_number(currency):
  assert currency.worth(0.1, 0.0).injection == math.inf
  assert currency.worth(-0.1, 0.0).injection == math.inf
  assert currency.worth(2.0, 0.0).injection == 0.0


def test_an_error_of_what_is_compared_widens_the_interval(currency):
  sure, unsure = (currency.worth(0.6, error) for error in (0.0, 0.1))
  assert unsure.high - unsure.low > sure.high - sure.low


def test_one_injection_is_no_currency():
  curves = planted_remedies.curve()
  ((cell, of_cell),) = paths.paths_of(curves).items()
  found = worth.Currency.of(cell, of_cell, 2.1).worth(0.5, 0.01)
  assert np.isnan([found.injection, found.low, found.high]).all()
