"""Forgetting at fixed compute: which size and which injection for a budget."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError
from forgetting.laws.fitted import Fit
from forgetting.laws.intervals import quantile, tails
from forgetting.laws.invert import forgetting_at

if TYPE_CHECKING:
  import pandas as pd

INJECTIONS = (0.0, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Budget:
  """What a compute budget buys: see `at_budget`.

  Attributes:
    flops, epochs, tolerance: what was asked; the tolerance in nats.
    table: a data frame, one row an injection.
    best: the row of the lowest target loss (or of the largest model, without
      a target law) of those that keep the tolerance; None when none does.
  """

  flops: float
  epochs: float
  tolerance: float
  table: pd.DataFrame
  best: dict | None

  @classmethod
  def of(cls, fitted: Fit, target: Fit | None, *, tolerance: float, **asked):
    """Tells what a budget buys, and the best that keeps a tolerance.

    Args:
      fitted, target: a forgetting law, and the target law or None.
      tolerance: nats per token.
      asked: flops, target_tokens, epochs and level, as for `at_budget`.

    Raises:
      InputError: a budget, an amount or epochs that are not positive.
    """
    check(**{k: asked[k] for k in ("flops", "target_tokens", "epochs")})
    exact = _least_injection(fitted, tolerance, asked)
    levels = sorted({*INJECTIONS, *([exact] if exact else [])})
    table = at_budget(fitted, target, injections=levels, **asked)
    kept = table[table["forgetting"] <= tolerance]
    best = None
    if len(kept):
      by = kept["target_loss"] if target else -kept["model_params"]
      best = kept.loc[by.idxmin()].to_dict()
    return cls(asked["flops"], asked["epochs"], tolerance, table, best)

  def __str__(self) -> str:
    lines = [
      f"{self.flops:.3g} FLOPs buy, at {self.epochs:g} passes over the target "
      f"tokens:",
      self.table.to_string(index=False, float_format="{:.4g}".format),
    ]
    if self.best is None:
      return "\n".join([*lines, "none of these keeps the tolerance"])
    lines.append(
      f"best that keeps the tolerance: {self.best['model_params']:,.0f} "
      f"parameters with {100 * self.best['injection']:.3g} % injected"
    )
    if self.best["beyond"] > 1:
      lines.append(
        f"EXTRAPOLATION: that size is {self.best['beyond']:.3g} x outside "
        f"the data"
      )
    return "\n".join(lines)

  def as_dict(self) -> dict:
    """The budget, its table and its best row, as JSON takes them."""
    return {
      "flops": self.flops,
      "epochs": self.epochs,
      "rows": self.table.to_dict("records"),
      "best": self.best,
    }


def _least_injection(fitted: Fit, tolerance: float, asked) -> float | None:
  """The smallest injection whose model keeps the tolerance, if any does."""
  tokens = 6 * asked["epochs"] * asked["target_tokens"]

  def keeps(p):
    point = {"N": asked["flops"] * (1 - p) / tokens}
    point["D"] = float(asked["target_tokens"])
    return forgetting_at(fitted, fitted.x[None], point, p)[0] <= tolerance

  enough = [p for p in INJECTIONS if keeps(p)]
  if not enough or enough[0] == 0:
    return None
  high = enough[0]
  low = max(p for p in INJECTIONS if p < high)
  for _ in range(40):
    middle = 0.5 * (low + high)
    low, high = (low, middle) if keeps(middle) else (middle, high)
  return high


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
  """Tells what a budget of fine-tuning compute buys.

  A fine-tuning that sees `epochs` times `target_tokens` with injection p
  costs 6 N epochs D / (1 - p) FLOPs, so a larger p means a smaller model.

  Args:
    fitted: a forgetting law; `target`: the target law, for its loss.
    flops: of one fine-tuning.
    target_tokens, epochs: the target text, and passes over it.
    injections: the fractions to tell of.
    level: of the intervals.

  Returns:
    a data frame, one row an injection: injection, model_params, forgetting
    with low and high, the pretraining loss afterwards, target_loss (losses in
    nats per token), and beyond (how far the size is outside the data, 1
    inside).

  Raises:
    InputError: a budget, an amount or epochs that are not positive.
  """
  import pandas as pd

  check(flops=flops, target_tokens=target_tokens, epochs=epochs)
  rows = []
  ends = tails(level)
  least, greatest = fitted.ranges["N"]
  for p in injections:
    size = flops * (1 - p) / (6 * epochs * target_tokens)
    point = {"N": size, "D": float(target_tokens)}
    center = float(forgetting_at(fitted, fitted.x[None], point, p)[0])
    low, high = quantile(forgetting_at(fitted, fitted.draws(), point, p), ends)
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


def check(*, injection: float | None = None, **positive: float):
  """Refuses what is not a positive number, and what is no injection.

  Args:
    injection: a fraction of what is trained on, or None.
    positive: name -> value.

  Raises:
    InputError: naming the one that is not.
  """
  for name, value in positive.items():
    if not 0 < _number(name, value) < math.inf:
      raise InputError(f"{name} {value}: must be positive and finite")
  if injection is None:
    return
  if not 0 <= _number("injection", injection) < 1:
    raise InputError(
      f"injection {injection}: must be a fraction, from 0 to below 1"
    )


def _number(name: str, value) -> float:
  """A value as a float; a text is none, whatever it says."""
  try:
    if not isinstance(value, (str, bytes)):
      return float(value)
  except (TypeError, ValueError, OverflowError):
    pass
  raise InputError(f"{name} {value!r}: must be a number")
