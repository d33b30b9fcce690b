"""Which replay source to take before any run: its worth from cheap features.

A straight line in one feature, judged by leaving sources out one by one. What
it is to beat is the mean of the others. What is told is q, and the nats that a
source removes, which unlike q may be below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses

import numpy as np

from forgetting.laws.exchange import LEVEL, Rate
from forgetting.laws.intervals import quantile, tails

FEWEST = 4  # sources
DRAWS, SEED = 4000, 5  # of a bootstrap of sources
WORTH: dict[str, Callable[[Rate], float]] = {
  "q": lambda rate: rate.q,
  "nats": lambda rate: -rate.rise,
}


@dataclasses.dataclass(frozen=True)
class Foretold:
  """How well one feature tells what a source that was left out is worth.

  Attributes:
    worth: what is told, of `WORTH`.
    feature: its name.
    error: mean absolute error, leaving sources out one by one.
    mean_error: the same of the mean of the others.
    low, high: 95 % interval of mean_error - error, by resampling sources.
    order: Spearman's rank correlation with the feature.
    first: the source that is worth most by its line, each left out.
    sources: how many.
  """

  worth: str
  feature: str
  error: float
  mean_error: float
  low: float
  high: float
  order: float
  first: str
  sources: int


def foretell(
  rates: Sequence[Rate], features: Mapping[str, Mapping[str, float]]
) -> list[Foretold]:
  """Judges every feature.

  Args:
    rates: of `exchange.rates`.
    features: source -> feature -> value; sources without are left out.

  Returns:
    one a kind of worth and a feature, the best first; none of fewer than four
    sources, nor of nats where nothing was tried without injection.
  """
  known = [rate for rate in rates if rate.source in features]
  if len(known) < FEWEST:
    return []
  out = []
  for worth, of in WORTH.items():
    y = np.array([of(rate) for rate in known])
    if np.isfinite(y).all():
      out += _judged(worth, y, known, features)
  return out


def _judged(worth: str, y: np.ndarray, known, features) -> list[Foretold]:
  missed = np.abs(_left_out(np.zeros(len(y)), y) - y)
  out = []
  for name in features[known[0].source]:
    x = np.array([features[rate.source][name] for rate in known])
    told = _left_out(x, y)
    low, high = _interval(missed - np.abs(told - y))
    out.append(
      Foretold(
        worth,
        name,
        error=float(np.abs(told - y).mean()),
        mean_error=float(missed.mean()),
        low=low,
        high=high,
        order=float(np.corrcoef(_ranks(x), _ranks(y))[0, 1]),
        first=known[int(np.argmax(told))].source,
        sources=len(known),
      )
    )
  return sorted(out, key=lambda one: one.error)


def _left_out(x: np.ndarray, y: np.ndarray) -> np.ndarray:
  """What a line through the others says, at each point."""
  out = np.empty(len(x))
  for i in range(len(x)):
    rest = np.arange(len(x)) != i
    center = x[rest].mean()
    spread = ((x[rest] - center) ** 2).sum()
    slope = ((x[rest] - center) * y[rest]).sum() / spread if spread > 0 else 0.0
    out[i] = y[rest].mean() + slope * (x[i] - center)
  return out


def _interval(values: np.ndarray) -> tuple[float, float]:
  """Of their mean, by resampling them."""
  draws = np.random.default_rng(SEED).choice(values, (DRAWS, len(values)))
  low, high = quantile(draws.mean(1), tails(LEVEL))
  return float(low), float(high)


def _ranks(x: np.ndarray) -> np.ndarray:
  """Equal values share the mean of their ranks."""
  return (x[:, None] > x).sum(1) + (x[:, None] == x).sum(1) / 2
