"""Paired differences of two models, against plain arithmetic."""

import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.laws import gate_changes


def losses(n=400, seed=0):
  generator = np.random.default_rng(seed)
  base = generator.normal(3, 1, n)
  return base, base + generator.normal(0.1, 0.05, n)


def test_a_sequence_is_compared_with_itself():
  base, tuned = losses()
  counted, size = np.full(400, 64.0), np.full(400, 256.0)
  told = gate_changes.change_of("wiki", base, tuned, base, counted, size)
  assert told.change == pytest.approx((tuned - base).mean())
  paired = (tuned - base).std(ddof=1) / 20
  assert told.error == pytest.approx(paired)
  assert told.error < tuned.std() / 20 / 5  # unpaired would be far larger
  assert told.change_bits == pytest.approx(told.change / 4 / np.log(2))
  assert told.tuned_bits - told.base_bits == pytest.approx(told.change_bits)
  assert abs(told.halves) < 5 * told.error_bits
  assert told.layout == 0


def test_targets_that_count_weigh():
  counted, size = np.array([3.0, 1.0]), np.array([6.0, 2.0])
  zero, tuned = np.zeros(2), np.array([1.0, 5.0])
  told = gate_changes.change_of("wiki", zero, tuned, zero, counted, size)
  assert told.change == pytest.approx(2.0)
  assert (told.tokens, told.bytes) == (4, 8)


def test_standard_errors_are_honest():
  """Of 300 pairs of models that differ by 0.1 the interval holds 0.1."""
  ones, held = np.ones(64), 0
  for seed in range(300):
    base, tuned = losses(64, seed)
    told = gate_changes.change_of("w", base, tuned, base, ones, ones)
    held += abs(told.change - 0.1) < 2 * told.error
  assert 0.91 < held / 300 < 0.99


def test_too_little_text_and_broken_models_are_one_line():
  one, two = np.ones(1), np.ones(2)
  with pytest.raises(InputError, match="expected two or more"):
    gate_changes.change_of("wiki", one, one, one, one, one)
  with pytest.raises(InputError, match="not finite"):
    gate_changes.change_of("wiki", two, two * np.nan, two, two, two)


def test_the_texts_that_lost_most_and_least():
  change = np.arange(30.0) - 5
  texts = [f"text {i}" for i in range(30)]
  most, least = gate_changes.extremes(["wiki"] * 30, change, texts)
  assert [t for *_, t in most] == [f"text {i}" for i in range(29, 19, -1)]
  assert least[0] == ("wiki", -5.0, "text 0") and len(least) == 10


def test_sources_are_compared_by_themselves_in_their_order():
  source = ["wiki", "code", "wiki", "code"]
  zero, tuned = np.zeros(4), np.array([1.0, 5.0, 3.0, 7.0])
  ones = np.ones(4)
  told = gate_changes.by_source(source, zero, tuned, zero, ones, ones)
  assert [(t.source, t.change) for t in told] == [("wiki", 2.0), ("code", 6.0)]
