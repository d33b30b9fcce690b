"""N-gram models: shares that sum to one, and likeness that they tell."""

import numpy as np
import pytest

from forgetting.data.likeness import NGrams

SIZE = 12


def text(seed: int, *, rule: int, rows: int = 60) -> np.ndarray:
  """A chain in which a token is mostly followed by itself plus `rule`."""
  rng = np.random.default_rng(seed)
  out = rng.integers(0, SIZE, (rows, 40))
  for t in range(1, 40):
    follows = rng.random(rows) < 0.8
    out[follows, t] = (out[follows, t - 1] + rule) % SIZE
  return out


def test_shares_of_what_may_follow_sum_to_one():
  model = NGrams.of(text(0, rule=1), SIZE)
  # seen and unseen histories
  for history in ([1, 2], [2, 1], [7, 7]):
    chunks = np.array([[*history, last] for last in range(SIZE)])
    shares = [np.exp(-model.entropy(chunk[None])) for chunk in chunks]
    assert sum(shares) == pytest.approx(1)


def test_a_text_is_told_best_by_one_of_its_kind():
  asked = text(1, rule=1)
  same, other = (NGrams.of(text(2, rule=rule), SIZE) for rule in (1, 5))
  assert same.entropy(asked) < 1.5 < np.log(SIZE) < other.entropy(asked)
  assert same.covers(asked) > other.covers(asked)
  assert same.covers(text(2, rule=1)) == 1
