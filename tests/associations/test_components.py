"""What the leading components are made of."""

import numpy as np
import pytest

from forgetting.associations import components, structure
from forgetting.associations.matrix import build


def test_components_name_what_was_planted():
  generator = np.random.default_rng(0)
  left, right = np.zeros(20), np.zeros(300)
  left[7], left[2] = 3, 1
  right[:60] = generator.uniform(0.5, 1, 60)
  values = np.outer(left, right) + 0.001 * generator.normal(size=(20, 300))
  sources = np.where(np.arange(300) < 100, "code", "news")
  matrix = build(values, sources=sources)
  first = components.leading(matrix, structure.analyse(matrix))[0]
  assert [name for name, _ in first.tasks[:2]] == ["task 7", "task 2"]
  assert first.tasks[0][1] > 0
  assert first.sources[0].source == "code"
  assert first.sources[0].among >= 0.6 and first.sources[0].p_value < 1e-6
  assert first.sources[0].overall == pytest.approx(1 / 3)


def test_of_few_examples_some_are_left_to_compare_with():
  generator = np.random.default_rng(0)
  values = generator.normal(size=(6, 60))
  sources = np.where(np.arange(60) < 20, "code", "news")
  matrix = build(values, sources=sources)
  first = components.leading(matrix, structure.analyse(matrix))[0]
  assert first.looked == 20
  assert all(np.isfinite(share.p_value) for share in first.sources)
