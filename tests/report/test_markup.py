"""Pieces of HTML."""

import pytest

from forgetting.report import markup
from forgetting.report.markup import compact


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


@pytest.mark.parametrize(
  ("text", "html"),
  [
    ("A / N^alpha - E", "<i>A</i> / <i>N</i><sup>α</sup> − <i>E</i>"),
    ("L0 + log(B)", "<i>L</i><sub>pt,base</sub> + log(<i>B</i>)"),
  ],
)  # fmt: skip
def test_equations(text, html):
  assert markup.equation(text) == html
