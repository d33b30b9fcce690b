"""The bottom of a run's U-curve, and what both losses are there.

The lowest of a few evaluations is luck where the curve is flat: the target loss
hardly moves over a factor of two in steps while the pretraining loss climbs.
So the bottom is the vertex of a parabola in the log of the step, fitted to the
evaluations around the lowest, and both losses are read off there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

AROUND = 2  # evaluations on each side of the lowest
LEAST = 4  # evaluations that a parabola with an error needs
VERSION = 2  # of results: before, losses were those of the lowest evaluation


@dataclass(frozen=True)
class Bottom:
  """Where a run's target loss is lowest.

  Attributes:
    step: the vertex, or the lowest evaluation where there is none.
    target_loss, pretrain_loss: there, nats per token, as the curve has them.
    target_standard_error, pretrain_standard_error: of both; None where the
      bottom is an evaluation.
    at: index of the lowest evaluation.
    one_error: index of the earliest evaluation whose target loss is within
      one standard error of an evaluation of the bottom's.
  """

  step: float
  target_loss: float
  pretrain_loss: float
  target_standard_error: float | None
  pretrain_standard_error: float | None
  at: int
  one_error: int


def bottom(
  steps: Sequence[float], target: Sequence[float], pretrain: Sequence[float]
) -> Bottom:
  """Finds the bottom of a curve.

  Args:
    steps: of the evaluations, rising; the first may be 0.
    target, pretrain: both losses at each, nats per token.
  """
  x, y, z = (np.asarray(v, float) for v in (steps, target, pretrain))
  at = int(np.argmin(y))
  found = _vertex(x, y, z, at)
  return found or Bottom(x[at], y[at], z[at], None, None, at, at)


def _vertex(x, y, z, at: int) -> Bottom | None:
  first, last = max(at - AROUND, 0), min(at + AROUND, len(x) - 1)
  if x[first] <= 0:  # step 0 has no logarithm, and is no trained model
    first += 1
  window = slice(first, last + 1)
  if at in (0, len(x) - 1) or last + 1 - first < LEAST or first >= at:
    return None
  log = np.log(x[window] / x[at])
  design = np.stack([np.ones_like(log), log, log**2], axis=1)
  inverse = np.linalg.inv(design.T @ design)
  curve = inverse @ design.T @ y[window]
  if curve[2] <= 0:
    return None
  vertex = float(np.clip(-curve[1] / (2 * curve[2]), log[0], log[-1]))
  line = inverse @ design.T @ z[window]
  row = np.array([1.0, vertex, vertex**2])
  slope = np.array([0.0, 1.0, 2 * vertex])
  spread = float(np.sqrt(row @ inverse @ row))
  noise = _noise(y[window] - design @ curve)
  rough = _noise(z[window] - design @ line)
  # the vertex moves with the parabola's slope, and the reading with it
  moved = noise * float(np.sqrt(slope @ inverse @ slope)) / (2 * curve[2])
  climb = float(slope @ line)
  target = float(row @ curve)
  within = np.flatnonzero(y[: at + 1] <= target + noise)
  return Bottom(
    step=float(x[at] * np.exp(vertex)),
    target_loss=target,
    pretrain_loss=float(row @ line),
    target_standard_error=noise * spread,
    pretrain_standard_error=float(np.hypot(rough * spread, climb * moved)),
    at=at,
    one_error=int(within[0]) if len(within) else at,
  )


def _noise(residual) -> float:
  """Standard deviation of an evaluation about its parabola."""
  free = max(len(residual) - 3, 1)
  return float(np.sqrt(np.sum(residual**2) / free))
