"""What a remedy is worth: the injection that would do as much.

Told by the law that counts tokens, where all have the same target loss: there
T is an outcome and no choice, and of the law (see `forms_tokens`) remains

    F = A / (1 + B R)^c,    R = p T

fitted to plain fine-tuning and to injection in one cell. Turned round it tells
R, and p of it, as the target tokens until that loss hardly depend on p.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

import numpy as np

from forgetting.config import InputError
from forgetting.laws.fit import fit
from forgetting.laws.fitted import Fit
from forgetting.laws.intervals import quantile, tails
from forgetting.laws.paths import Path

LEVEL = 0.95
BEYOND = 1.25  # times the largest injection tried: from there it is "more"
SHAPED = 3  # injections, none among them, that tell the law's shape c
HALF = 0.5  # what it is near to wherever it was measured
SEED = 3


@dataclasses.dataclass(frozen=True)
class Worth:
  """An injection with its interval; infinite beyond those that were tried.

  Attributes:
    injection: that forgets as little; NaN where no injection tells.
    low, high: its 95 % interval: of the law, and of what is compared.
  """

  injection: float = math.nan
  low: float = math.nan
  high: float = math.nan


@dataclasses.dataclass(frozen=True)
class Currency:
  """The law of injection in one cell, at one target loss.

  Attributes:
    fit: of `tokens_best`; None where the cell has one injection alone.
    target_tokens: trained on until the target loss is had.
    most: the largest injection that was tried.
  """

  fit: Fit | None
  target_tokens: float = math.nan
  most: float = 0.0

  @classmethod
  def of(cls, cell: Sequence, paths: Sequence[Path], target: float) -> Currency:
    """Fits it.

    Args:
      cell: domain, model parameters, target tokens.
      paths: of plain fine-tuning and of injection, full and at one rate.
      target: target loss at which they are read; what does not get there is
        left out.
    """
    read = [(path, there) for path in paths if (there := path.at(target))]
    injections = [path.axes["injection"] for path, _ in read]
    levels = len(set(injections))
    if levels < 2 or 0 not in injections:
      return cls(None)
    held = {"beta": 0.0} | ({} if levels >= SHAPED else {"c": HALF})
    domain, params, tokens = cell
    table = dict(
      run=[path.run for path, _ in read],
      domain=[domain] * len(read),
      model_params=[float(params)] * len(read),
      target_tokens=[float(tokens)] * len(read),
      injection=injections,
      best_tokens=[there.tokens for _, there in read],
      base_pretrain_loss=[path.base for path, _ in read],
      pretrain_loss=[path.base + there.forgetting for path, there in read],
    )
    try:
      fitted = fit(table, "tokens_best", fixed=held, cluster=("run",))
    except InputError:  # no more rows than parameters
      return cls(None)
    own = [there.tokens * (1 - path.axes["injection"]) for path, there in read]
    return cls(fitted, float(np.exp(np.mean(np.log(own)))), max(injections))

  def worth(self, forgetting: float, error: float) -> Worth:
    """The injection that forgets as little, straight from the law.

    Args:
      forgetting: nats a token, at the target loss.
      error: its standard error; NaN is none.
    """
    if self.fit is None or not math.isfinite(forgetting):
      return Worth()
    draws = self.fit.draws()
    noise = np.random.default_rng(SEED).normal(size=len(draws))
    about = forgetting + (error if math.isfinite(error) else 0.0) * noise
    value = self._needed(self.fit.x[None], np.array([forgetting]))[0]
    low, high = quantile(self._needed(draws, about), tails(LEVEL))
    return Worth(float(value), float(low), float(high))

  def _needed(self, x, forgetting) -> np.ndarray:
    """By each of many fits [lanes], of as many amounts of forgetting."""
    assert self.fit is not None, "asked for before"
    natural = self.fit.natural(x)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
      ratio = np.where(forgetting > 0, natural["A"] / forgetting, np.inf)
      grown = np.maximum(ratio, 1.0) ** (1 / natural["c"]) - 1
      injected = grown / natural["B"]
      share = injected / (injected + self.target_tokens)
    share = np.where(np.isfinite(share), share, 1.0)
    return np.where(share > self.most * BEYOND, np.inf, share)
