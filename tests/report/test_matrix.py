"""The section on the forgetting matrix, and its figures."""

import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import own_patterns, structure
from forgetting.associations.matrix import build
from forgetting.config import InputError
from forgetting.report import (
  export,
  figure_own_patterns,
  matrix,
  matrix_tables,
)


def test_its_absence_is_explained(tmp_path):
  assert (
    "no losses of single examples" in matrix.section(None, tmp_path).missing
  )
  assert "No matrix yet" in matrix.section(tmp_path, tmp_path).missing
  (tmp_path / "runs.parquet").touch()
  one = build(np.ones((1, 3)))
  (tmp_path / "matrix.npz").write_bytes(export.npz_of(one))
  assert "1 tasks and 3 examples" in matrix.section(tmp_path, tmp_path).missing


def test_figures_lie_beside_their_tables(tmp_path):
  sources = ["news", "code"] * 15
  whole = build(planted(rows=5, columns=30), sources=sources)
  line = matrix.draw(whole, structure.analyse(whole), tmp_path / "figures")
  for name in matrix.CAPTIONS:
    assert name in line
    found = {f.suffix for f in (tmp_path / "figures").glob(f"{name}.*")}
    assert found == {".png", ".pdf", ".svg", ".csv"}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
  (tmp_path / "file").touch()
  whole = build(planted(rows=5, columns=30))
  with pytest.raises(InputError, match="the figures cannot be written"):
    matrix.draw(whole, structure.analyse(whole), tmp_path / "file" / "in")


def test_a_matrix_without_sources_has_no_figure_of_them(tmp_path):
  whole = build(planted(rows=5, columns=30))
  line = matrix.draw(whole, structure.analyse(whole), tmp_path)
  assert "forgetting_own_patterns" not in line


def test_bars_and_stars_are_of_the_table():
  generator = np.random.default_rng(0)
  values = 0.05 * generator.normal(size=(6, 90))
  sources = np.repeat(["news", "code", "law"], 30)
  values[0, sources == "code"] += 1
  whole = build(values, sources=sources)
  table = matrix_tables.own_patterns(own_patterns.find(whole, count=1))
  [panel] = figure_own_patterns.own_patterns(table).axes
  assert len(panel.patches) == 6  # three sources, two ends
  by_source = table.set_index(["source", "end"])
  assert by_source.loc[("code", "+"), "among"] == 1
  stars = [text for text in panel.texts if text.get_text() == "*"]
  assert len(stars) == (table["p_value"] < 0.01).sum() > 0
  assert "component 1" in panel.get_title(loc="left")


def test_parents_side_by_side_are_on_the_page(tmp_path):
  rows = planted(rows=4, columns=30)
  two = build(
    np.vstack([rows, 2 * rows]),
    parents=["early"] * 4 + ["late"] * 4,
    targets=[*"abcd"] * 2,
  )
  (tmp_path / "runs.parquet").touch()
  (tmp_path / "matrix.npz").write_bytes(export.npz_of(two))
  body = matrix.section(tmp_path, tmp_path).body
  assert "Does the pattern stay?" in body and "early | late" in body
  (tmp_path / "matrix.npz").write_bytes(export.npz_of(build(rows)))
  body = matrix.section(tmp_path, tmp_path).body
  assert "Does the pattern stay?" not in body
