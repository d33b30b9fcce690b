"""What both means leave: its components, their ends, their sources."""

import numpy as np
import pytest

from forgetting.associations import own_patterns
from forgetting.associations.matrix import build

SOURCES = np.repeat(["news", "code", "law"], 60)


def planted(size=0.2):
  """Additive, and beside it some tasks forget code more, others less."""
  generator = np.random.default_rng(0)
  values = generator.normal(0.3, 0.1, (8, 1)) + generator.normal(0, 0.1, 180)
  values += 0.02 * generator.normal(size=values.shape)
  code = SOURCES == "code"
  values[:2, code] += size
  values[7, code] -= size
  tasks = [f"t{i}" for i in range(8)]
  return build(values, tasks=tasks, sources=SOURCES)


def test_the_subset_is_found_with_its_tasks_and_its_source():
  first, second, _ = own_patterns.find(planted())
  assert first.share > 0.7 > 0.2 > second.share
  assert {name for name, _ in first.raising[:2]} == {"t0", "t1"}
  assert first.lowering[0][0] == "t7" and first.lowering[0][1] < 0
  assert first.looked == 60
  top = first.most[0]
  assert top.source == "code" and top.among > 0.9 and top.p_value < 1e-6
  assert {s.source: s.among for s in first.least}["code"] < 0.05
  # of noise no source is told
  assert all(s.p_value > 0.05 for s in (*second.most, *second.least))


def test_what_the_means_say_is_no_pattern():
  rows = np.arange(5.0)[:, None] + np.arange(7.0)
  assert own_patterns.find(build(rows)) == ()
  assert own_patterns.find(build(np.eye(2, 9))) == ()


def test_shares_are_of_what_is_left_and_of_all():
  matrix = planted()
  found = own_patterns.find(matrix, count=7)
  assert sum(one.share for one in found) == pytest.approx(1)
  z = matrix.values
  left = z - z.mean(0) - z.mean(1, keepdims=True) + z.mean()
  expected = np.square(left).sum() / np.square(z - z.mean()).sum()
  assert sum(one.share_of_all for one in found) == pytest.approx(expected)


def test_many_tests_are_held_to_one_level():
  found = own_patterns.holm(np.array([0.02, np.nan, 0.01, 0.9]))
  np.testing.assert_allclose(found, [0.04, np.nan, 0.03, 0.9])
  assert own_patterns.holm(np.array([0.6, 0.7])).tolist() == [1, 1]


def test_tasks_of_one_domain_are_told_as_it():
  whole = planted()
  families = [*"aabbccdd"]
  first, *_ = own_patterns.find(
    build(whole.values, families=families, sources=SOURCES)
  )
  assert first.raising[0][0] == "a" and first.lowering[0][0] == "d"
  most, *_ = own_patterns.find(
    build(whole.values, families=[*"aaaaaabb"], sources=SOURCES)
  )
  assert most.raising[0][0] in ("task 0", "task 1")
