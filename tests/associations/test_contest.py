"""The multiplicative description beside the additive one, task by task."""

import numpy as np
import pytest

from forgetting.associations import contest
from forgetting.associations.matrix import build


def rows(kind: str, *, tasks=20, columns=80, noise=0.02):
  generator = np.random.default_rng(0)
  own, examples = (
    generator.uniform(0.5, 2, (tasks, 1)),
    generator.normal(1, 1, columns),
  )
  values = own * examples if kind == "multiplicative" else own + examples
  return values + noise * generator.normal(size=values.shape)


def test_each_wins_where_it_is_planted():
  found = contest.hold(build(rows("multiplicative")))
  assert found.better >= 18 and found.tasks == 20
  assert found.interval[0] < found.ratio < found.interval[1] < 1
  assert found.p_value < 1e-3
  found = contest.hold(build(rows("additive")))
  assert found.better <= 2 and found.interval[0] > 1


def test_of_noise_the_mean_of_the_others_costs_what_it_varies():
  noise = np.random.default_rng(3).normal(size=(30, 200))
  found = contest.hold(build(noise))
  assert found.ratio == pytest.approx(np.sqrt(29 / 30), abs=0.01)


def test_errors_by_hand_with_other_seeds_held_out():
  values = rows("additive", tasks=8)
  repeats = [*"aabcdefg"]
  found = contest.hold(build(values, repeats=repeats))
  errors = []
  for name in "abcdefg":
    own = np.array(repeats) == name
    rest = values[~own]
    _, _, right = np.linalg.svd(rest, full_matrices=False)
    first = values[own] - np.outer(values[own] @ right[0], right[0])
    second = values[own] - rest.mean(0)
    second -= second.mean(1, keepdims=True)
    errors.append([np.square(first).sum(), np.square(second).sum()])
  ratio = np.sqrt(np.divide(*np.array(errors).T))
  assert found.tasks == 7
  assert found.ratio == pytest.approx(np.exp(np.log(ratio).mean()))
  assert found.better == (ratio < 1).sum()


def test_what_cannot_be_held_is_none():
  values = rows("additive")
  assert contest.hold(build(values[:5])) is None
  values[2, 3] = np.nan
  assert contest.hold(build(values)) is None
  assert contest.hold(build(rows("multiplicative", noise=0))) is None
