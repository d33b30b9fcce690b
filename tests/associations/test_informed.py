"""Forecasts alone, with measured cells, and under a kriging."""

import dataclasses

import numpy as np
from planted_logits import planted_logits
from planted_states import planted_states
import pytest

from forgetting.associations import (
  forecasters,
  heads,
  informed,
  logit_heads,
  protocol,
  trained_logit,
)
from forgetting.associations.completion import predict_measured
from forgetting.associations.forecasters import Forecasts
from forgetting.associations.informed import AsPublished, Calibrated, PriorMean
from forgetting.associations.kriging import KrigingT
from forgetting.associations.matrix import build

WAYS = (AsPublished, Calibrated, PriorMean)


def planted_forecasts(*, missed=0.0, rows=16, columns=90):
  """A matrix without any structure but what the forecasts say."""
  generator = np.random.default_rng(0)
  said = generator.normal(0.1, 0.1, (rows, columns))
  values = said + missed * generator.normal(size=said.shape)
  found = Forecasts("lm", said[-4:], said[:-4], False, {})
  return values[:-4], values[-4:], found


def rmse(method, train, truth, known):
  fitted = method.tuned(train, known=len(known)).fit(train)
  rows = fitted.predict(known, truth[:, known])
  return np.sqrt(np.square(rows - truth).mean())


def test_a_forecast_that_is_right_is_the_prior_mean():
  train, truth, found = planted_forecasts(missed=0.005)
  known = np.arange(20)
  plain = rmse(KrigingT(), train, truth, known)
  method = PriorMean(found).tuned(train, known=20)
  assert method.share == 1
  assert rmse(PriorMean(found), train, truth, known) < 0.1 * plain
  assert rmse(AsPublished(found), train, truth, known) < 0.1 * plain


def test_a_forecast_that_says_nothing_is_not_believed():
  train, truth, found = planted_forecasts()
  other = np.random.default_rng(5).normal(0.1, 0.1, (16, 90))
  random = dataclasses.replace(found, new=other[-4:], left_out=other[:-4])
  method = PriorMean(random).tuned(train, known=20)
  assert method.share == 0
  known = np.arange(20)
  np.testing.assert_allclose(
    method.fit(train).predict(known, truth[:, known]),
    KrigingT()
    .tuned(train, known=20)
    .fit(train)
    .predict(known, truth[:, known]),
  )


def test_cells_tell_offset_and_slope():
  train, truth, found = planted_forecasts(rows=40)
  moved, known = 0.3 + 2 * truth, np.arange(60)
  rows = Calibrated(found).fit(train).predict(known, moved[:, known])
  assert np.square(rows - moved).mean() < 1e-3
  alone = Calibrated(found).fit(train).predict(known[:1], moved[:, :1])
  np.testing.assert_allclose(alone[:, 0], moved[:, 0], atol=1e-12)


def test_nothing_measured_leaves_the_forecast():
  train, _, found = planted_forecasts()
  none = np.array([], int)
  for way in WAYS[:2]:
    rows = way(found).fit(train).predict(none, np.empty((4, 0)))
    np.testing.assert_array_equal(rows, found.new)


@pytest.mark.parametrize("way", WAYS)
def test_every_task_has_its_own_forecast_whatever_was_measured(way):
  """Rows with different cells unmeasured are predicted apart."""
  train, truth, found = planted_forecasts(missed=0.05)
  known, own = np.arange(10), truth[:, :10].copy()
  own[1, 3], own[3, [0, 7]] = np.nan, np.nan
  fitted = way(found).fit(train)
  rows = predict_measured(fitted, known, own)
  for task in (1, 3):
    one = dataclasses.replace(found, new=found.new[task : task + 1])
    seen = ~np.isnan(own[task])
    alone = way(one).fit(train).predict(known[seen], own[task : task + 1, seen])
    np.testing.assert_allclose(rows[task, 10:], alone[0, 10:])


@pytest.mark.parametrize("way", WAYS)
def test_left_out_cells_are_those_of_the_training_rows(way):
  train, _, found = planted_forecasts(missed=0.01)
  truth, score = way(found).left_out(train, known=20)
  assert set(np.round(truth, 12)) <= set(np.round(train.ravel(), 12))
  assert np.corrcoef(truth, score)[0, 1] > 0.9


def test_binary_cells_move_a_logit():
  generator = np.random.default_rng(0)
  logits = generator.normal(-2, 1.5, (20, 400))
  cells = (generator.random(logits.shape) < 1 / (1 + np.exp(-logits))) * 1.0
  said = logits - 1.5  # as a weight of a tenth makes them
  found = Forecasts("lm", said[-4:], said[:-4], True, {})
  known = np.arange(100)
  rows = Calibrated(found).fit(cells).predict(known, cells[-4:, known])
  raw = AsPublished(found).fit(cells).predict(known, cells[-4:, known])
  errors = [np.square(r - cells[-4:]).mean() for r in (rows, raw)]
  assert errors[0] < errors[1]
  assert ((rows > 0) & (rows < 1)).all()


@pytest.mark.parametrize("binary", [False, True])
def test_the_trial_holds_all_ways_beside_completion(monkeypatch, binary):
  monkeypatch.setattr(forecasters, "FOLDS", 2)
  monkeypatch.setattr(forecasters, "DECAYS", (0.3,))
  monkeypatch.setattr(heads, "STEPS", 5)
  for module in (logit_heads, trained_logit):
    monkeypatch.setattr(module, "STEPS", (2, 4))
  values, states = planted_states(rows=16, columns=40)
  matrix = build((values > 0.2) * 1.0 if binary else values)
  rows = protocol.split(matrix, test=range(13, 16))
  if not binary:
    missed = 0.01 * np.random.default_rng(1).normal(size=values.shape)
    _, tokens, _ = planted_logits(rows=16, columns=40)
    states = dataclasses.replace(states, logit=values + missed, tokens=tokens)
  methods = informed.methods(states, matrix, train=rows.train, new=rows.test)
  trial = protocol.run(matrix, rows, known=10, seeds=2, peers=methods)
  names = {n for n in trial.prediction if n.startswith("lm_")}
  assert len(names) == (9 if binary else 15) and "lm_rep_prior_cells" in names
  for name in names:
    score = trial.prediction[name]["f1" if binary else "rmse_x100"]
    assert np.isfinite(score), name
  if not binary:  # the fixed logit is planted to be right
    assert 0.7 < trial.prediction["lm_logit"]["rmse_x100"] < 1.2
  assert trial.tuned["lm_rep_kriging"]["share"] in informed.SHARES
