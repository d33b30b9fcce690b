"""The tables behind the figures of a forgetting matrix."""

import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import structure
from forgetting.associations.matrix import build
from forgetting.report import figure_matrix, matrix_tables


@pytest.fixture(scope="module")
def matrix():
  values = planted(rows=4, columns=700)
  sources = np.resize(["wiki_en", "shakespeare"], 700)
  return build(values, sources=sources, families=["b", "a", "b", "a"])


def test_drawn_columns_are_means_of_neighbours_of_one_source(matrix):
  table = matrix_tables.heat_map(matrix)
  assert matrix_tables.grouped(matrix) == 3
  row = table[table["task"] == table["task"][0]]
  assert row["position"].tolist() == [*range(len(row))]
  assert row["examples"].sum() == 700
  assert row["source"].is_monotonic_increasing
  weights = row["examples"] / 700
  index = [*matrix.tasks].index(table["task"][0])
  assert (row["forgetting"] * weights).sum() == pytest.approx(
    matrix.values[index].mean()
  )
  assert table["family"].is_monotonic_increasing
  cells = figure_matrix.grid(
    table, "task", dict.fromkeys(table["task"]), "forgetting"
  )
  assert cells.shape == (4, len(row))


def test_components_and_singular_values_are_those_of_the_structure(matrix):
  found = structure.analyse(matrix)
  table = matrix_tables.components(matrix, found, count=2)
  tasks = table[(table["component"] == 1) & (table["kind"] == "task")]
  scale = np.sqrt(found.singular_values[0])
  assert sorted(tasks["weight"]) == pytest.approx(
    sorted(found.left[:, 0] * scale)
  )
  values = matrix_tables.singular_values(found)
  assert values["rank"].tolist() == [1, 2, 3, 4]
  assert values["singular_value"].is_monotonic_decreasing


def test_stretches_of_the_same_word():
  found = figure_matrix.stretches(["a", "a", "b", float("nan")])
  assert found == ([0, 2, 3], [0.5, 2.0, 3.0], ["a", "b", ""])


def test_means_leave_out_what_was_not_measured():
  cells = np.array([[1.0, np.nan], [3.0, np.nan]])
  assert figure_matrix.mean(cells, 0).tolist() == [2.0, 0.0]


def test_a_sign_that_hardly_occurs_takes_no_part_of_the_scale():
  cells = np.linspace(0.01, 1, 1000)
  cells[:5] = -5
  low, high = figure_matrix.colour_limits(cells)
  assert low == 0 and 0.9 < high < 1


def test_outliers_do_not_bleach_the_scale():
  cells = np.random.default_rng(0).normal(0, 0.1, 10_000)
  cells[:100] = 50
  low, high = figure_matrix.colour_limits(cells)
  assert 0.15 < -low < 0.3 and 0.15 < high < 0.35


def test_both_signs_share_one_scale_white_at_zero():
  from matplotlib.figure import Figure

  panel = Figure().subplots()
  image = figure_matrix.draw_cells(panel, np.zeros((2, 2)), (-0.1, 0.4))
  red, green, blue, _ = image.cmap(image.norm(0.0))
  assert min(red, green, blue) > 0.95
  ends = image.cmap(image.norm(np.array([-0.1, 0.4])))
  assert ends[1][2] < 0.2 < ends[0][0]  # full red; a quarter of the blue


def test_what_no_run_has_measured_is_no_number_and_no_warning(recwarn):
  values = np.ones((2, 6))
  values[0, 3:] = np.nan  # as where models have other tokenizers
  values[1, :3] = np.nan
  cells = matrix_tables.heat_map(build(values))
  assert cells["forgetting"].isna().sum() == 6
  assert cells["forgetting"].mean() == 1
  assert not recwarn.list


def test_runs_are_named_by_what_tells_them_apart():
  names = ["n25k-kjv-d2k-p0-s0", "n25k-wiki_fr-d2k-p0.1-s0"]
  assert figure_matrix.told_apart(names) == ["kjv-d2k-p0", "wiki_fr-d2k-p0.1"]
  for alone in (["a-b"], ["a-b", "a-b"], ["a", "a-b"]):
    assert figure_matrix.told_apart(alone) == alone
  assert figure_matrix.told_apart(["T0001", "T0002"]) == ["T0001", "T0002"]
