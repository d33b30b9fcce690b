"""Forgetting at fixed compute: which size and which injection for a budget."""

from __future__ import annotations

import numpy as np

from forgetting.config import InputError
from forgetting.laws.fitted import Fit, quantile
from forgetting.laws.invert import forgetting_at

INJECTIONS = (0.0, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def at_budget(
  fitted: Fit,
  target: Fit | None = None,
  *,
  flops: float,
  target_tokens: float,
  epochs: float,
  injections=INJECTIONS,
  level: float = 0.95,
):
  """What a budget of fine-tuning compute buys, one row an injection.

  A fine-tuning that sees `epochs` times `target_tokens` with injection p
  costs 6 N epochs D / (1 - p) FLOPs, so a larger p means a smaller model.

  Args:
    fitted: a forgetting law; `target`: the target law, for its loss.
    flops: of one fine-tuning.
  Returns:
    a data frame: injection, model_params, forgetting with low and high, the
    pretraining loss afterwards, target_loss, and beyond (how far the size is
    outside the data, 1 inside).
  """
  import pandas as pd

  for name, value in (
    ("flops", flops),
    ("target_tokens", target_tokens),
    ("epochs", epochs),
  ):
    if not (np.isfinite(value) and value > 0):
      raise InputError(f"{name} {value}: must be positive")
  rows = []
  tails = [(1 - level) / 2, (1 + level) / 2]
  least, greatest = fitted.ranges["N"]
  for p in injections:
    size = flops * (1 - p) / (6 * epochs * target_tokens)
    point = {"N": size, "D": float(target_tokens)}
    center = float(forgetting_at(fitted, fitted.x[None], point, p)[0])
    low, high = quantile(forgetting_at(fitted, fitted.draws(), point, p), tails)
    row = {
      "injection": p,
      "model_params": size,
      "forgetting": center,
      "low": float(low),
      "high": float(high),
      "pretrain_loss": fitted.base_loss(size) + center,
      "beyond": max(size / greatest, least / size, 1.0),
    }
    if target is not None:
      values = {k: np.full(1, v) for k, v in point.items()}
      row["target_loss"] = float(target.losses(target.x[None], values)[0, 0])
    rows.append(row)
  return pd.DataFrame(rows)
