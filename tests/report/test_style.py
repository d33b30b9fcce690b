"""How numbers are written in figures."""

import numpy as np
import pytest

from forgetting.report import style


@pytest.mark.parametrize(
  ("number", "text"),
  [(512, "512"), (12800, "12.8k"), (999_900, "1M"), (1.27e9, "1.27B")],
)
def test_counts(number, text):
  assert style.count(number) == text


@pytest.mark.parametrize(
  ("fraction", "text"),
  [(0.996, "100 %"), (0.0004321, "0.043 %"), (np.inf, "none suffices")],
)
def test_percents(fraction, text):
  assert style.percent(fraction, 2) == text
