"""AICc and BIC."""

from dataclasses import replace

import numpy as np
import planted_tables
import pytest

from forgetting.laws.criteria import aicc, bic, residuals

FITTED = planted_tables.fitted()


def test_criteria_are_those_of_a_laplace_scale():
  n, k = 27, 5  # A, alpha, beta, B and the scale
  deviance = 2 * n * np.log(np.abs(residuals(FITTED)).mean())
  assert FITTED.n == n
  small = 2 * k * (k + 1) / (n - k - 1)
  assert aicc(FITTED) == pytest.approx(deviance + 2 * k + small)
  assert bic(FITTED) == pytest.approx(deviance + k * np.log(n))


def test_too_few_rows_have_no_criterion():
  assert aicc(replace(FITTED, n=6)) == np.inf
