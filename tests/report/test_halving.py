"""What an injected token is worth."""

import math

import pandas as pd
import pytest

from forgetting.report import halving


@pytest.mark.parametrize(
  ("injection", "text"),
  [(0.0531, "5.31 %"), (1.017, "none suffices"), (math.inf, "none suffices")],
)
def test_more_than_all_cannot_be_injected(injection, text):
  assert halving._possible(injection) == text


def test_half_of_the_injected_is_that_of_the_law(one_domain):
  folder, page = one_domain
  table = pd.read_csv(folder / "figures" / "halving.csv")
  params = dict(alpha=0.3, B=300)  # planted
  half = (2 ** (1 / params["alpha"]) - 1) / params["B"]
  assert table["half_low"][0] < half < table["half_high"][0]
  assert table["B_low"][0] < params["B"] < table["B_high"][0]
  assert "holds" in [row[2] for row in page.rows if len(row) == 4]
