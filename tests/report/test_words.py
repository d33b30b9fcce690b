"""Numbers and sentences of the page."""

import math

import pandas as pd
import pytest

from forgetting.report import halving, page, words
from forgetting.report.sections import compact


@pytest.mark.parametrize(
  ("number", "text"),
  [
    (1168.5, "1,170"),
    (2.064, "2.06"),
    (-1234, "−1,230"),
    (999_000, "999,000"),
    (1.3e6, "1.3e+06"),
  ],
)
def test_numbers_have_separators_up_to_a_million(number, text):
  assert compact(number) == text


def test_typeset_leaves_code_drawings_and_attributes():
  html = '<p title="-1 %">-1 %, n-2</p><code>-1 %</code><svg>-1 %</svg>'
  assert page.typeset(html) == html.replace(">-1 %,", ">−1\u00a0%,")


def test_share_left_is_that_of_the_median_cell():
  # the cell that forgets most does not decide; one that learns does not count
  table = pd.DataFrame(
    {0: [1.0, 1.0, 100.0, -1.0], 0.01: [0.2, 0.5, 90.0, 3.0]}
  )
  assert words._share_left(table, 0.01) == 0.5


@pytest.mark.parametrize(
  ("injection", "text"),
  [(0.0531, "5.31 %"), (1.017, "none suffices"), (math.inf, "none suffices")],
)
def test_more_than_all_cannot_be_injected(injection, text):
  assert halving._possible(injection) == text
