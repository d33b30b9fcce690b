"""The forgetting matrix: what it refuses, where it is read from, its noise."""

import dataclasses

import numpy as np
import pytest

from forgetting.associations.matrix import build, fill


@pytest.fixture
def planted():
  generator = np.random.default_rng(0)
  return np.abs(generator.normal(0.1, 0.05, (4, 30)))


def test_fill_is_exact_for_an_additive_matrix():
  generator = np.random.default_rng(1)
  whole = generator.normal(size=(9, 1)) + generator.normal(size=40)
  holes = np.where(generator.random(whole.shape) < 0.2, np.nan, whole)
  np.testing.assert_allclose(fill(holes), whole, atol=1e-6)
  assert fill(whole) is whole


def test_a_matrix_is_binary_only_with_both_values():
  assert build([[0, 1], [1, np.nan]]).binary
  assert not build([[0.0, 0.5], [1, 1]]).binary
  assert not build([[0, 0], [0, 0]]).binary


def test_take_keeps_names_with_values(planted):
  found = build(planted, sources=["s"] * 30, base=planted + 1)
  part = found.take([2, 0], [5, 1, 7])
  np.testing.assert_array_equal(part.values, planted[[2, 0]][:, [5, 1, 7]])
  np.testing.assert_array_equal(part.base, part.values + 1)
  assert part.tasks.tolist() == ["task 2", "task 0"]
  assert dataclasses.asdict(part)["examples"].tolist()[0] == "example 5"
