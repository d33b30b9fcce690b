"""The trainable logit as a forecaster, its steps chosen on left-out tasks."""

from __future__ import annotations

import numpy as np

from forgetting.associations import logit_heads
from forgetting.associations.forecasters import Forecasts, folds_of
from forgetting.associations.logit_heads import STEPS, Tokens

NAME = "lm_logit_trained"
COLUMNS = 256  # examples that steps are chosen on


def forecast(
  tokens: Tokens,
  values: np.ndarray,
  *,
  train: np.ndarray,
  new: np.ndarray,
  words: np.ndarray,
) -> Forecasts:
  """Trains h on the training tasks and forecasts the others.

  Args:
    tokens: of all tasks and examples of a matrix.
    values: [n, N] rows of the training tasks without NaN; nothing else of the
      matrix is looked at.
    train: [n] their positions among all tasks.
    new: [t] positions of the tasks that are asked for.
    words: [n] tasks that share one are left out together.

  Raises:
    InputError: the training tasks are all of one group.
  """
  groups = folds_of(words)
  tokens = tokens.standardised()
  columns = np.random.default_rng(0).permutation(values.shape[1])[:COLUMNS]
  errors, by_group = np.zeros(len(STEPS)), {}
  for group in np.unique(groups):
    own = groups == group
    found = logit_heads.train(
      tokens, train[~own], values[~own], steps=STEPS[-1]
    )
    by_group[group] = found
    truth = values[np.ix_(own, columns)]
    for at, heads in enumerate(found):
      guess = heads.forecast(tokens, train[own], columns)
      errors[at] += np.square(guess - truth).sum()
  best = int(errors.argmin())
  left_out = np.empty(values.shape)
  for group, found in by_group.items():
    own = groups == group
    left_out[own] = found[best].forecast(tokens, train[own])
  heads = logit_heads.train(tokens, train, values, steps=STEPS[best])[-1]
  told = {"steps": float(STEPS[best]), "scale": heads.scale}
  rows = heads.forecast(tokens, new)
  return Forecasts(NAME, rows, left_out, False, told)
