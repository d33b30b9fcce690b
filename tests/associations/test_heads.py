"""Heads learn what was planted, with gradients that are right."""

import numpy as np
from planted_states import planted_states
import pytest

from forgetting.associations import heads, metrics


def logits_of(values):
  forgotten = values.sum(0)
  return np.log((forgotten + 1) / (len(values) - forgotten + 1))


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("binary", [False, True])
def test_gradients_are_those_of_differences(monkeypatch, pair, binary):
  monkeypatch.setattr(heads, "HIDDEN", 4)
  monkeypatch.setattr(heads, "WIDTH", 3)
  monkeypatch.setattr(np, "float32", np.float64)
  found = {}

  def look(objective, start, **_):
    at = start + 0.1 * np.random.default_rng(1).normal(size=start.shape)
    found["exact"] = objective(at)[1]
    step = 1e-6 * np.eye(len(at))
    found["near"] = np.array(
      [(objective(at + s)[0] - objective(at - s)[0]) / 2e-6 for s in step]
    )
    return type("Found", (), {"x": start})

  monkeypatch.setattr(heads, "minimize", look)
  generator = np.random.default_rng(0)
  values = generator.normal(size=(5, 11))
  values = (values > 0).astype(float) if binary else values
  heads.train(
    generator.normal(size=(5, 3, 7)),
    generator.normal(size=(11, 7)),
    values,
    logits_of(values) if binary else values.mean(0),
    pair=pair,
    sign=-1.0,
    binary=binary,
    decay=0.1,
  )
  np.testing.assert_allclose(found["exact"], found["near"], atol=1e-7)


def trained(values, states, **how):
  examples, tasks = states.of("mean")
  binary = how.get("binary", False)
  prior = logits_of(values[:-6]) if binary else values[:-6].mean(0)
  asked = dict(pair=False, sign=-1.0, binary=False, decay=0.3) | how
  found = heads.train(tasks[:-6], examples, values[:-6], prior, **asked)
  return prior, prior + found.forecast(tasks[-6:], examples)


@pytest.mark.parametrize("pair", [False, True])
def test_new_tasks_follow_from_their_text(pair):
  values, states = planted_states(rows=46)
  mean, found = trained(values, states, pair=pair)
  missed = np.square(found - values[-6:]).mean()
  assert missed < 0.5 * np.square(mean - values[-6:]).mean()


def test_strong_decay_leaves_the_prior():
  values, states = planted_states()
  prior, found = trained(values, states, decay=1e3)
  np.testing.assert_allclose(found, np.tile(prior, (6, 1)), atol=1e-3)


def test_forgotten_cells_are_told_by_their_text():
  values, states = planted_states(rows=46, sign=1)
  cells = (values > 0.2).astype(float)
  prior, found = trained(cells, states, binary=True, sign=1.0)
  prior = np.tile(prior, (6, 1))
  areas = [
    metrics.binary_scores(cells[-6:].ravel(), s.ravel(), threshold=0)["auc"]
    for s in (found, prior)
  ]
  assert areas[0] > areas[1] + 0.1


def test_many_examples_are_trained_on_in_part(monkeypatch):
  monkeypatch.setattr(heads, "COLUMNS", 40)
  values, states = planted_states(columns=60)
  _, found = trained(values, states)
  assert found.shape == (6, 60) and np.isfinite(found).all()
