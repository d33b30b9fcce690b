"""The page put together."""

from forgetting.report import page


def test_typeset_leaves_code_drawings_and_attributes():
  html = '<p title="-1 %">-1 %, n-2</p><code>-1 %</code><svg>-1 %</svg>'
  assert page.typeset(html) == html.replace(">-1 %,", ">−1\u00a0%,")
