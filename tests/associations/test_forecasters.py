"""Forecasts without a measured cell, chosen on training tasks alone."""

import dataclasses

import numpy as np
from planted_states import planted_states
import pytest

from forgetting.associations import forecasters, heads
from forgetting.associations.forecasters import FORMS
from forgetting.associations.states import States
from forgetting.config import InputError

TRAIN, NEW = np.arange(30), np.arange(30, 36)
PRIOR = FORMS[1]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
  monkeypatch.setattr(forecasters, "FOLDS", 3)
  monkeypatch.setattr(heads, "STEPS", 25)


def forecast(values, states, form=PRIOR, words=None):
  words = np.arange(30) if words is None else words
  return forecasters.forecast(
    form, states, values[TRAIN], train=TRAIN, new=NEW, words=words
  )


def error(rows, truth) -> float:
  return float(np.square(rows - truth).mean())


def test_text_that_says_it_is_believed_and_noise_is_not():
  values, states = planted_states(columns=60)
  found = forecast(values, states)
  mean = values[TRAIN].mean(0)
  assert found.told["pooling"] == "mean"
  assert error(found.new, values[NEW]) < 0.5 * error(mean, values[NEW])
  assert error(found.left_out, values[TRAIN]) < 0.6 * error(mean, values[TRAIN])
  noise = np.random.default_rng(1)
  random = States(
    "random",
    noise.normal(size=states.examples.shape),
    noise.normal(size=states.tasks.shape),
  )
  guessed = forecast(values, random)
  assert error(guessed.new, values[NEW]) > 0.9 * error(mean, values[NEW])


def test_the_prior_is_what_a_form_has_beyond_the_mean_of_all():
  values, states = planted_states(columns=60)
  with_prior, without = (forecast(values, states, f) for f in (PRIOR, FORMS[0]))
  assert error(with_prior.new, values[NEW]) < error(without.new, values[NEW])


def test_new_rows_are_never_looked_at():
  values, states = planted_states(columns=60)
  before = forecast(values, states)
  values[NEW] = 1e3
  np.testing.assert_array_equal(forecast(values, states).new, before.new)


def test_a_task_is_left_out_with_its_group(monkeypatch):
  values, states = planted_states(columns=60)
  words = np.repeat(np.arange(10), 3)
  calls = []

  def look(self, form, pooling, decay, *, seen: np.ndarray, asked):
    if not isinstance(seen, slice):
      left_out = {*words[~seen]}
      assert not left_out & {*words[seen]}
      assert {*words[asked]} == left_out
      calls.append(left_out)
    return np.zeros((len(asked), values.shape[1]))

  monkeypatch.setattr(forecasters._Tasks, "forecast", look)
  forecast(values, states, words=words)
  assert set().union(*calls) == {*words}


def test_a_binary_prior_is_the_smoothed_log_odds():
  cells = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
  found = forecasters._prior(cells, PRIOR, binary=True)
  np.testing.assert_allclose(found, np.log([3 / 2, 1 / 4]))
  np.testing.assert_allclose(
    forecasters._prior(cells, FORMS[0], binary=True), np.log(3 / 5)
  )


def test_binary_forecasts_are_probabilities_as_means():
  values, states = planted_states(columns=60, sign=1)
  found = forecast((values > 0.2).astype(float), states)
  assert found.binary and (found.new < 0).any()
  means = found.means(found.new)
  assert ((means > 0) & (means < 1)).all()


def test_tasks_are_left_out_to_be_as_new_as_the_new_ones():
  families, repeats = np.array([*"aabbcc"]), np.arange(6)
  groups_of = forecasters.groups_of
  assert groups_of(families, repeats, np.array(["d"])) is families
  assert groups_of(families, repeats, np.array(["d", "a"])) is repeats
  assert groups_of(families[:4], repeats[:4], np.array(["d"])).tolist() == [
    *range(4)
  ]


def test_what_does_not_fit_is_told():
  values, states = planted_states(columns=60)
  with pytest.raises(InputError, match="found those of 36 tasks and 60"):
    forecast(values[:, :9], states)
  with pytest.raises(InputError, match="training tasks of one kind"):
    forecast(values, states, words=np.zeros(30))
  with pytest.raises(InputError, match="NaN or infinities of planted"):
    dataclasses.replace(states, examples=states.examples * np.nan)
