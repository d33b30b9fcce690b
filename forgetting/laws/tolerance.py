"""Tolerances of forgetting in nats, in percent, and in progress lost.

Pretraining progress lost is 1 - s/S: s is the step at which the pretraining
curve had the loss that is now measured, S its last step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forgetting.config import InputError

UNITS = ("loss", "percent", "progress")


@dataclass(frozen=True)
class Curve:
  """A pretraining curve: loss [points] at step (or token count) [points]."""

  steps: np.ndarray
  losses: np.ndarray

  def __post_init__(self):
    steps, losses = (
      np.asarray(self.steps, float),
      np.asarray(self.losses, float),
    )
    order = np.argsort(steps)
    if len(steps) < 2 or not np.isfinite(losses).all():
      raise InputError("a pretraining curve needs two or more finite losses")
    # Noise must not make the inverse ambiguous: keep the lowest loss so far.
    falling = np.minimum.accumulate(losses[order])
    object.__setattr__(self, "steps", steps[order])
    object.__setattr__(self, "losses", falling)

  def loss_at(self, progress: float) -> float:
    """The loss at a share of the last step."""
    return float(np.interp(progress * self.steps[-1], self.steps, self.losses))

  def progress_at(self, loss: float) -> float:
    """The share of the last step at which the curve first had this loss."""
    if loss <= self.losses[-1]:
      return 1.0
    step = np.interp(-loss, -self.losses, self.steps)
    return float(step / self.steps[-1])


def in_nats(
  value: float, unit: str, *, base_loss: float, curve: Curve | None = None
) -> float:
  """A tolerance in nats per token.

  Args:
    value: in `unit`: nats, percent of the base loss, or percent of
      pretraining progress lost.
    base_loss: loss before fine-tuning. A curve is shifted to end there, since
      it was measured on other batches.
  """
  _check(unit, curve)
  if unit == "loss":
    return float(value)
  if unit == "percent":
    return float(value) / 100 * base_loss
  if not 0 <= value < 100:
    raise InputError(f"tolerance {value} % of progress: must be in [0, 100)")
  return curve.loss_at(1 - value / 100) - curve.losses[-1]


def from_nats(
  forgetting: float, unit: str, *, base_loss: float, curve: Curve | None = None
) -> float:
  """Forgetting in nats, in another unit: the inverse of `in_nats`."""
  _check(unit, curve)
  if unit == "loss":
    return float(forgetting)
  if unit == "percent":
    return 100 * float(forgetting) / base_loss
  return 100 * (1 - curve.progress_at(curve.losses[-1] + forgetting))


def convert(
  value: float,
  source: str,
  target: str,
  *,
  base_loss: float,
  curve: Curve | None = None,
) -> float:
  """A tolerance from one unit to another."""
  nats = in_nats(value, source, base_loss=base_loss, curve=curve)
  return from_nats(nats, target, base_loss=base_loss, curve=curve)


def _check(unit: str, curve):
  if unit not in UNITS:
    raise InputError(f"unit {unit!r}: one of {', '.join(UNITS)}")
  if unit == "progress" and curve is None:
    raise InputError(
      "unit progress: needs the pretraining curve of the base model (a study "
      "directory, or a table with the columns step and pretrain_loss)"
    )
