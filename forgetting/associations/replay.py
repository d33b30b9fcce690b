"""Which pretraining examples to replay, by how much they are forgotten.

  p_j = softmax(z_j / temperature)

(Jin & Ren draw so, at a fixed temperature.) A few outliers rule a softmax of
heavy-tailed forgetting, so z is clipped to its quantiles first, and the
temperature is set by what it is for: how many examples share the weight,
measured by the effective sample size 1 / sum p^2.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from forgetting.config import InputError

CLIP = 0.01  # of the examples at each end count as the quantile there
STEPS = 100  # of the bisection


@dataclasses.dataclass(frozen=True)
class Replay:
  """Weights to draw replayed examples with.

  Attributes:
    weights: [N] probabilities, sum 1; 0 for what was not measured.
    temperature: nats per token; infinite for uniform weights.
    effective_share: 1 / (n sum p^2) over the n measured examples.
  """

  weights: np.ndarray
  temperature: float
  effective_share: float


def weigh(
  forgetting: np.ndarray, *, effective_share: float = 0.5, clip: float = CLIP
) -> Replay:
  """Sampling weights from measured or predicted forgetting.

  Args:
    forgetting: [N] nats per token; NaN has no weight, so that it is replayed
      only once all others are.
    effective_share: the effective sample size to have, as a part of the
      measured examples; 1 is uniform. Below what the clipped values allow,
      as where many are equally the most forgotten, those share the weight.
    clip: part of the examples at each end that is clipped.

  Raises:
    InputError: nothing measured, or a share that cannot be.
  """
  forgetting = np.asarray(forgetting, np.float64)
  measured = np.isfinite(forgetting)
  if forgetting.ndim != 1 or not measured.any():
    raise InputError(
      f"forgetting to replay by: found shape {forgetting.shape} with"
      f" {measured.sum()} numbers, expected one number an example"
    )
  if not 0 < effective_share <= 1:
    raise InputError(
      f"effective share: found {effective_share}, expected above 0, at most 1"
    )
  if not 0 <= clip < 0.5:
    raise InputError(f"clip: found {clip}, expected 0 or more, below 0.5")
  z = forgetting[measured]
  z = np.clip(z, *np.quantile(z, [clip, 1 - clip]))
  temperature = _temperature(z - z.max(), effective_share)
  probabilities = _softmax(z - z.max(), temperature)
  weights = np.zeros(len(forgetting))
  weights[measured] = probabilities
  return Replay(weights, temperature, _share(probabilities))


def _temperature(below: np.ndarray, wanted: float) -> float:
  """Where the effective share is the one wanted; it rises with heat.

  Args:
    below: [n] distance to the largest, at most 0.
  """
  spread = -below.min()
  if spread == 0 or wanted == 1:
    return float("inf")
  low, high = np.log(spread * 1e-6), np.log(spread * 1e6)
  for _ in range(STEPS):
    middle = (low + high) / 2
    if _share(_softmax(below, np.exp(middle))) < wanted:
      low = middle
    else:
      high = middle
  return float(np.exp(high))


def _softmax(below: np.ndarray, temperature: float) -> np.ndarray:
  weights = np.exp(below / temperature)
  return weights / weights.sum()


def _share(probabilities: np.ndarray) -> float:
  return float(1 / (len(probabilities) * np.square(probabilities).sum()))
