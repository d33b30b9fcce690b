"""What the runs of a cell say by themselves, beside what a law says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forgetting.laws.fitted import Fit

SAME = 1.01  # a rounded size is the same size


@dataclass(frozen=True)
class Bracket:
  """Measured injections on both sides of a tolerance, in one cell.

  Attributes:
    low, high: the largest injection of which all runs forgot more than the
      tolerance, and the next one, of which the runs kept it.
    over, under: what was forgotten there, nats per token.
  """

  low: float
  high: float
  over: float
  under: float

  def holds(self, injection: float) -> bool:
    """Whether an injection lies between the two."""
    return self.low <= injection <= self.high

  def between(self, tolerance: float, scale: float) -> float:
    """The injection at which the line between the runs has the tolerance.

    Args:
      tolerance: nats per token.
      scale: the injection at which it begins to count, as the law says: the
        line is straight in ln(p + scale).
    """
    ends = np.log([self.low + scale, self.high + scale])
    share = (self.over - tolerance) / max(self.over - self.under, 1e-300)
    at = float(np.exp(ends[0] + share * (ends[1] - ends[0])) - scale)
    return min(max(at, self.low), self.high)


def of_cell(fitted: Fit, point) -> dict[float, float]:
  """Takes the mean forgetting measured in a cell, by injection.

  Args:
    fitted: a fit of a forgetting law; one without its data has no cells.
    point: N and D of the question.

  Returns:
    injection -> nats per token; {} where the cell was not measured.
  """
  if fitted.data is None or "L0" not in fitted.data.values:
    return {}
  values = fitted.data.values
  here = np.ones(fitted.n, bool)
  for symbol in "ND":
    ratio = values[symbol] / point[symbol]
    here &= (ratio < SAME) & (ratio > 1 / SAME)
  forgotten = fitted.data.loss - values["L0"]
  return {
    float(p): float(forgotten[here & (values["p"] == p)].mean())
    for p in np.unique(values["p"][here])
  }


def bracket(measured: dict[float, float], tolerance: float) -> Bracket | None:
  """Finds the measured injections between which a tolerance lies.

  Args:
    measured: injection -> forgetting, of one cell.
    tolerance: nats per token.

  Returns:
    None where all runs are on one side of it, or where more injection forgot
    more.
  """
  injections = sorted(measured)
  over = [p for p in injections if measured[p] > tolerance]
  kept = [p for p in injections if measured[p] <= tolerance]
  if not over or not kept or max(over) > min(kept):
    return None
  low, high = max(over), min(kept)
  return Bracket(low, high, measured[low], measured[high])
