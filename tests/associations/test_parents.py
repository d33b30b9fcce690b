"""Whether the pattern stays from one parent to another."""

import numpy as np
import pytest

from forgetting.associations import parents
from forgetting.associations.matrix import build

SOURCES = np.repeat(["a", "b"], 100)


def planted(*, kept: float, own: float = 0.0, tasks=6, missing=False):
  """Two parents: a part `kept` of the pattern stays, each task has its own."""
  generator = np.random.default_rng(0)
  of_source = np.where(SOURCES == "a", 0.2, -0.2)
  pattern, other = generator.normal(size=(2, 200))
  of_tasks = own * generator.normal(size=(tasks, 200))
  rows, words, targets = [], [], []
  for parent, shared in (
    ("early", pattern),
    ("late", kept * pattern + np.sqrt(1 - kept**2) * other),
  ):
    noise = 0.1 * generator.normal(size=(tasks, 200))
    rows += [*(of_source + shared + of_tasks + noise)]
    words += [parent] * tasks
    targets += [f"t{i}" for i in range(tasks)]
  values = np.array(rows)
  if missing:
    values[3, :50] = np.nan
  return build(values, parents=words, targets=targets, sources=SOURCES)


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0])
def test_a_pattern_that_stays_correlates_as_planted(kept):
  [pair] = parents.compare(planted(kept=kept))
  assert (pair.one, pair.other, pair.tasks) == ("early", "late", 6)
  assert pair.within.value == pytest.approx(kept, abs=0.1)
  assert pair.pattern.value > pair.within.value - 0.01  # sources agree too
  low, high = pair.within.low, pair.within.high
  assert low - 0.01 < pair.within.value < high + 0.01 < low + 0.2


def test_tasks_that_keep_a_pattern_of_their_own_are_told():
  [without] = parents.compare(planted(kept=1.0))
  assert abs(without.apart.value) < 0.01
  [pair] = parents.compare(planted(kept=1.0, own=1.0))
  assert pair.apart.low > 0.2
  assert pair.apart.value == pytest.approx(pair.same.value - pair.others.value)


def test_only_what_both_have_is_compared():
  whole = planted(kept=1.0, missing=True)
  [pair] = parents.compare(whole)
  [seen] = parents.compare(whole.take(columns=slice(50, None)))
  assert pair == seen
  # five of six tasks from the second parent
  [fewer] = parents.compare(whole.take(rows=slice(11)))
  assert fewer.tasks == 5
  assert parents.compare(whole.take(rows=slice(8))) == ()
  assert parents.compare(build(np.eye(4))) == ()


def test_seeds_of_a_task_are_one_task():
  whole = planted(kept=0.5)
  again = build(
    whole.values[[*range(12), 0]],
    parents=whole.parents[[*range(12), 0]],
    targets=whole.targets[[*range(12), 0]],
    sources=SOURCES,
  )
  assert parents.compare(again) == parents.compare(whole)


def test_parents_stand_in_their_order():
  words = ["1000 steps after kjv", "1000 steps", "250 steps", ""]
  rows = np.random.default_rng(0).normal(size=(12, 20))
  found = parents.compare(
    build(rows, parents=np.repeat(words, 3), targets=[*"abc"] * 4)
  )
  assert [(pair.one, pair.other) for pair in found] == [
    ("250 steps", "1000 steps"),
    ("250 steps", "1000 steps after kjv"),
    ("1000 steps", "1000 steps after kjv"),
  ]
