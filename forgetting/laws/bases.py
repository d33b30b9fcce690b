"""The loss before fine-tuning, by model size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Bases = Sequence[tuple[float, float]]  # (model params, base loss), by size


def of_values(values: Mapping) -> list[tuple[float, float]]:
  """Takes the mean base loss of every size.

  Args:
    values: symbol -> [rows]; N and L0 are looked at.

  Returns:
    (model params, nats per token), by size; [] without a base.
  """
  if "L0" not in values or "N" not in values:
    return []
  sizes, loss = values["N"], values["L0"]
  return [(float(n), float(loss[sizes == n].mean())) for n in np.unique(sizes)]


def loss_at(bases: Bases, model_params: float) -> float:
  """Tells the loss before fine-tuning of a model size.

  Args:
    bases: those that were measured.
    model_params: the size.

  Returns:
    nats per token: as measured, or along the log-log line through the sizes
    that were.
  """
  sizes, losses = np.log(np.array(bases)).T
  wanted = np.log(model_params)
  if np.any(np.abs(sizes - wanted) < 1e-9):
    return float(np.exp(losses[np.argmin(np.abs(sizes - wanted))]))
  if len(sizes) < 2:
    return float(np.exp(losses[0]))
  return float(np.exp(np.polyval(np.polyfit(sizes, losses, 1), wanted)))
