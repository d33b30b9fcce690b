"""Which replay source to take before any run: q from cheap features.

A straight line in one feature, judged by leaving sources out one by one. What
it is to beat is the mean of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses

import numpy as np

from forgetting.laws.exchange import Rate

FEWEST = 4  # sources


@dataclasses.dataclass(frozen=True)
class Foretold:
  """How well one feature tells q of a source that was left out.

  Attributes:
    feature: its name.
    error: mean absolute error of q, leaving sources out one by one.
    mean_error: the same of the mean of the others.
    order: Spearman's rank correlation of q with the feature.
    sources: how many.
  """

  feature: str
  error: float
  mean_error: float
  order: float
  sources: int


def foretell(
  rates: Sequence[Rate], features: Mapping[str, Mapping[str, float]]
) -> list[Foretold]:
  """Judges every feature.

  Args:
    rates: of `exchange.rates`.
    features: source -> feature -> value; sources without are left out.

  Returns:
    one a feature, the best first; none of fewer than four sources.
  """
  known = [rate for rate in rates if rate.source in features]
  if len(known) < FEWEST:
    return []
  q = np.array([rate.q for rate in known])
  out = []
  for name in features[known[0].source]:
    x = np.array([features[rate.source][name] for rate in known])
    out.append(
      Foretold(
        name,
        error=_left_out(x, q),
        mean_error=_left_out(np.zeros(len(x)), q),
        order=float(np.corrcoef(_ranks(x), _ranks(q))[0, 1]),
        sources=len(known),
      )
    )
  return sorted(out, key=lambda one: one.error)


def _left_out(x: np.ndarray, y: np.ndarray) -> float:
  """Mean absolute error of a line through the others, at each point."""
  errors = []
  for i in range(len(x)):
    rest = np.arange(len(x)) != i
    center = x[rest].mean()
    spread = ((x[rest] - center) ** 2).sum()
    slope = ((x[rest] - center) * y[rest]).sum() / spread if spread > 0 else 0.0
    errors.append(abs(y[rest].mean() + slope * (x[i] - center) - y[i]))
  return float(np.mean(errors))


def _ranks(x: np.ndarray) -> np.ndarray:
  return np.argsort(np.argsort(x)).astype(float)
