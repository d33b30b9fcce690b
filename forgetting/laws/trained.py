"""Tokens trained on: what a table says of them, by our names of columns.

planned_tokens  of all batches of the run as it was planned
best_tokens     of the batches until the target loss was lowest
trained_tokens  of the batches until an evaluation
mean_lr         the mean learning rate of those
"""

from __future__ import annotations

import numpy as np

EPOCHS = 10.0  # passes over the target tokens, where nobody says


def with_tokens(frame, *, epochs: float = EPOCHS):
  """Adds planned_tokens and best_tokens where a table lets them be told.

  Planned are, in this order: what the table says; the tokens that the run
  trained on (`tokens`); epochs D / (1 - p), where only D is known. A law's
  errors do not depend on the number of epochs as long as all runs have the
  same.

  Args:
    frame: a data frame with our names, one row a run; it is not changed.
    epochs: passes over the target tokens, of a table without tokens.

  Returns:
    the data frame with the columns beside its own.
  """
  planned = _numbers(frame, "planned_tokens")
  tokens = _numbers(frame, "tokens")
  if {"target_tokens", "injection"} <= {*frame.columns}:
    share = 1 - _numbers(frame, "injection")
    with np.errstate(divide="ignore", invalid="ignore"):
      repeated = epochs * _numbers(frame, "target_tokens") / share
    known = np.where(np.isfinite(tokens), tokens, repeated)
    planned = np.where(np.isfinite(planned), planned, known)
  else:
    planned = np.where(np.isfinite(planned), planned, tokens)
  steps, best = _numbers(frame, "steps"), _bottom(frame)
  with np.errstate(divide="ignore", invalid="ignore"):
    at_best = tokens * best / steps
  new = {}
  if np.isfinite(planned).any():
    new["planned_tokens"] = planned
  if "best_tokens" not in frame and np.isfinite(at_best).any():
    new["best_tokens"] = at_best
  return frame.assign(**new)


def turned(frame) -> np.ndarray:
  """Tells which runs went on after their best: their target loss turned.

  Args:
    frame: a data frame with best_step and steps, or with neither.

  Returns:
    [rows] bool; none without these columns.
  """
  return _numbers(frame, "best_step") < _numbers(frame, "steps")


def evaluations(curves):
  """Turns a study's curves into rows that the law `curves` is fitted to.

  The base of a curve is its own step 0: it is measured on fewer sequences
  than a run's result. Evaluations before the learning rate has reached its
  peak are another regime and are left out.

  Args:
    curves: `records.curves`: one row an evaluation, with run, step, tokens,
      lr and pretrain_loss. Anything else is given back as it is.

  Returns:
    the evaluations of fine-tunings, with base_pretrain_loss, trained_tokens
    and mean_lr beside them, and how long their runs were.
  """
  import pandas as pd

  if not {"run", "step", "tokens", "pretrain_loss"} <= {*curves.columns}:
    return curves
  if "base_pretrain_loss" in curves and "trained_tokens" in curves:
    return curves
  if "domain" in curves:
    domain = curves["domain"]
    curves = curves[domain.notna() & (domain.astype(str) != "")]
  parts = [_of_run(rows) for _, rows in curves.groupby("run", sort=False)]
  return pd.concat(parts, ignore_index=True) if parts else curves


def _of_run(rows):
  rows = rows.sort_values("step")
  step, lr = rows["step"].to_numpy(float), _numbers(rows, "lr")
  tokens = rows["tokens"].to_numpy(float)
  between = (lr[1:] + lr[:-1]) / 2 * np.diff(step)
  summed = np.concatenate([[0.0], np.cumsum(between)])
  with np.errstate(divide="ignore", invalid="ignore"):
    mean = summed / step
  target = _numbers(rows, "target_loss")
  best = int(np.nanargmin(target)) if np.isfinite(target).any() else 0
  rows = rows.assign(
    base_pretrain_loss=float(rows["pretrain_loss"].iloc[0]),
    trained_tokens=tokens,
    mean_lr=mean,
    planned_tokens=tokens[-1],
    best_tokens=tokens[best],
    best_step=step[best],
    steps=step[-1],
  )
  peak = int(np.argmax(lr)) if np.isfinite(lr).any() else 1
  return rows[(np.arange(len(rows)) >= max(peak, 1)) & (step > 0)]


def _bottom(frame) -> np.ndarray:
  """The step of the bottom [rows]; the best evaluation's where no other is
  told."""
  bottom = _numbers(frame, "bottom_step")
  return np.where(np.isfinite(bottom), bottom, _numbers(frame, "best_step"))


def _numbers(frame, name: str) -> np.ndarray:
  """A column as float64 [rows]; NaN where it is missing or no number."""
  import pandas as pd

  if name not in frame:
    return np.full(len(frame), np.nan)
  return pd.to_numeric(frame[name], errors="coerce").to_numpy(float)
