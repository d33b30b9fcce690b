"""The trainable logit: its forecast, its slopes, its training."""

import dataclasses

import numpy as np
from planted_logits import planted_logits
import pytest

from forgetting.associations import logit_heads
from forgetting.associations.heads import WIDTH, Head
from forgetting.associations.logit_heads import LogitHead
from forgetting.config import InputError


def test_the_forecast_is_the_equation():
  found, tokens, planted = planted_logits(rows=2, columns=3)
  h, scale = planted.head.apply, planted.scale
  for i in range(2):
    for j in range(3):
      kernel = h(tokens.examples[j]) @ h(tokens.tasks[i]).T
      change = scale / (24 * WIDTH) * kernel @ tokens.changes[i]
      before = tokens.examples[j] @ tokens.head[:-1] + tokens.head[-1]
      own = np.arange(12), tokens.targets[j]
      losses = [
        np.log(np.exp(logits).sum(-1)) - logits[own]
        for logits in (before, before + change)
      ]
      expected = (losses[1] - losses[0]).mean()
      assert found[i, j] == pytest.approx(expected, abs=1e-5)


def test_standardised_states_have_the_same_logits():
  generator = np.random.default_rng(0)
  _, tokens, _ = planted_logits(rows=2, columns=3)
  raw = dataclasses.replace(
    tokens,
    examples=generator.normal(2, 3, (3, 12, 6)),
    head=generator.normal(size=(7, 9)),
  )
  new = raw.standardised()
  logits = new.examples @ new.head[:-1] + new.head[-1]
  expected = raw.examples @ raw.head[:-1] + raw.head[-1]
  np.testing.assert_allclose(logits, expected, atol=1e-4)
  assert new.examples.std((0, 1)) == pytest.approx(np.ones(6), abs=1e-4)


def test_tokens_that_do_not_count_do_not():
  found, tokens, planted = planted_logits(rows=2, columns=3)
  weights = tokens.weights.copy()
  weights[:, 6:] = 0
  half = dataclasses.replace(
    tokens,
    weights=np.ones((3, 6), np.float32),
    examples=tokens.examples[:, :6],
    targets=tokens.targets[:, :6],
  )
  weighed = dataclasses.replace(tokens, weights=weights)
  rows = np.arange(2)
  np.testing.assert_allclose(
    planted.forecast(weighed, rows), planted.forecast(half, rows), atol=1e-5
  )
  assert not np.allclose(planted.forecast(weighed, rows), found, atol=1e-3)


def test_slopes_are_those_of_the_mean_square():
  values, tokens, _ = planted_logits(rows=3, columns=4)
  generator = np.random.default_rng(1)
  tokens = dataclasses.replace(
    tokens,
    **{
      name: getattr(tokens, name).astype(np.float64)
      for name in ("examples", "tasks", "changes", "head")
    },
  )
  head = Head.drawn(6, generator)
  tasks, columns = np.array([0, 2]), np.array([1, 3])
  wanted = values[np.ix_(tasks, columns)] / 0.5

  def loss(parts, log_scale):
    found = LogitHead(Head(*parts), float(np.exp(log_scale)))
    rises = found.forecast(tokens, tasks, columns)
    return np.square(rises / 0.5 - wanted).mean()

  slopes = logit_heads.slopes_of(
    LogitHead(head, 20.0), tokens, tasks, columns, wanted, unit=0.5
  )
  parts, at = [*head], np.log(20.0)
  for number, part in enumerate(parts):
    direction = generator.normal(size=part.shape)
    sides = [
      loss([*parts[:number], part + e * direction, *parts[number + 1 :]], at)
      for e in (1e-5, -1e-5)
    ]
    expected = (sides[0] - sides[1]) / 2e-5
    assert (slopes[number] * direction).sum() == pytest.approx(
      expected, rel=1e-3
    )
  sides = [loss(parts, at + e) for e in (1e-5, -1e-5)]
  assert slopes[-1] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-3)


def test_training_finds_what_is_planted(monkeypatch):
  monkeypatch.setattr(logit_heads, "STEPS", (1, 150))
  values, tokens, _ = planted_logits()
  train, new = np.arange(12), np.arange(12, 16)
  early, late = logit_heads.train(tokens, train, values[train], steps=150)
  errors = [
    np.square(found.forecast(tokens, new) - values[new]).mean()
    for found in (early, late)
  ]
  assert errors[1] < 0.5 * errors[0]
  assert errors[1] < 0.3 * values[new].var()


def test_what_is_no_number_is_told():
  _, tokens, _ = planted_logits(rows=2, columns=3)
  changes = tokens.changes * np.nan
  with pytest.raises(InputError, match="NaN or infinities in their changes"):
    dataclasses.replace(tokens, changes=changes)
