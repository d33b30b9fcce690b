"""The trainable logit forecasts tasks that it has not seen."""

import numpy as np
from planted_logits import planted_logits
import pytest

from forgetting.associations import logit_heads, trained_logit
from forgetting.config import InputError

TRAIN, NEW = np.arange(12), np.arange(12, 16)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
  for module in (logit_heads, trained_logit):
    monkeypatch.setattr(module, "STEPS", (10, 120))


def forecast(values, tokens, words=TRAIN):
  return trained_logit.forecast(
    tokens, values[TRAIN], train=TRAIN, new=NEW, words=words
  )


def test_tasks_that_are_left_out_choose_and_are_forecast():
  values, tokens, _ = planted_logits()
  found = forecast(values, tokens)
  assert found.told["steps"] == 120
  for rows, truth in (
    (found.new, values[NEW]),
    (found.left_out, values[TRAIN]),
  ):
    assert np.square(rows - truth).mean() < 0.5 * truth.var()
  # what training rows say is not what their forecasts are made of
  shuffled = values.copy()
  shuffled[NEW] = -1
  again = forecast(shuffled, tokens)
  np.testing.assert_array_equal(again.new, found.new)


def test_tasks_of_one_kind_leave_nothing_to_choose_by():
  values, tokens, _ = planted_logits()
  with pytest.raises(InputError, match="training tasks of one kind"):
    forecast(values, tokens, words=np.zeros(12))
