"""Quantiles of bootstrap draws."""

import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.laws.intervals import quantile, tails


def test_quantiles_are_draws_and_keep_infinities():
  values = np.array([3.0, np.nan, 1.0, np.inf, 2.0])
  assert quantile(values, tails(0.5)).tolist() == [2.0, np.inf]
  assert quantile(values[:, None], (0.0, 0.3)).tolist() == [[1.0], [3.0]]


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_is_a_share(level):
  with pytest.raises(InputError, match="between 0 and 1"):
    tails(level)
