"""Tolerances of forgetting in nats, in percent, and in progress lost.

Pretraining progress lost is 1 - s/S: s is the step at which the pretraining
curve had the loss that is now measured, S its last step.
"""

from __future__ import annotations

from forgetting.config import InputError
from forgetting.laws.curve import Curve

UNITS = ("loss", "percent", "progress")


def in_nats(
  value: float, unit: str, *, base_loss: float, curve: Curve | None = None
) -> float:
  """Turns a tolerance into nats per token.

  Args:
    value: in `unit`: nats, percent of the base loss, or percent of
      pretraining progress lost.
    unit: loss, percent or progress.
    base_loss: loss before fine-tuning, nats per token. A curve is shifted to
      end there, since it was measured on other batches.
    curve: the pretraining's, which progress needs.

  Raises:
    InputError: another unit, no curve, or progress outside [0, 100).
  """
  _check(unit)
  if unit == "loss":
    return float(value)
  if unit == "percent":
    return float(value) / 100 * base_loss
  curve = _needed(curve)
  if not 0 <= value < 100:
    raise InputError(f"tolerance {value} % of progress: must be in [0, 100)")
  return curve.loss_at(1 - value / 100) - curve.losses[-1]


def from_nats(
  forgetting: float, unit: str, *, base_loss: float, curve: Curve | None = None
) -> float:
  """Turns forgetting in nats into another unit: the inverse of `in_nats`.

  Args:
    forgetting: nats per token.
    unit, base_loss, curve: as for `in_nats`.

  Raises:
    InputError: another unit, or no curve.
  """
  _check(unit)
  if unit == "loss":
    return float(forgetting)
  if unit == "percent":
    return 100 * float(forgetting) / base_loss
  curve = _needed(curve)
  return 100 * (1 - curve.progress_at(curve.losses[-1] + forgetting))


def convert(
  value: float,
  source: str,
  target: str,
  *,
  base_loss: float,
  curve: Curve | None = None,
) -> float:
  """Turns a tolerance from one unit into another.

  Args:
    value: in the unit `source`.
    source, target: loss, percent or progress.
    base_loss, curve: as for `in_nats`.

  Raises:
    InputError: another unit, or no curve.
  """
  nats = in_nats(value, source, base_loss=base_loss, curve=curve)
  return from_nats(nats, target, base_loss=base_loss, curve=curve)


def _check(unit: str) -> None:
  if unit not in UNITS:
    raise InputError(f"unit {unit!r}: one of {', '.join(UNITS)}")


def _needed(curve: Curve | None) -> Curve:
  if curve is None:
    raise InputError(
      "unit progress: needs the pretraining curve of the base model (a study "
      "directory, or a table with the columns step and pretrain_loss)"
    )
  return curve
