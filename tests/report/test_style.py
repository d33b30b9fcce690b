"""How numbers are written in figures, and where titles stand."""

import numpy as np
import pandas as pd
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


def test_a_title_is_where_it_would_be_measured_to_be(tmp_path):
  from matplotlib.figure import Figure

  def draw(table):
    figure = Figure(figsize=(6, 3), layout="constrained")
    one, other = figure.subplots(1, 2, sharey=True)
    one.plot(table["x"], table["y"])
    one.set_title("kjv\n10.2k target tokens", loc="left")
    other.set_title("wiki_fr")
    return figure

  table = pd.DataFrame({"x": [0.0, 1.0, 2.0], "y": [2.5e-4, 1e-4, 4e-4]})
  drawn = style.save("titled", tmp_path, draw, table, pdf=False)
  measured = {**style.RC, "axes.titley": None}
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(style, "RC", measured)
    assert style.save("titled", tmp_path, draw, table, pdf=False) == drawn
