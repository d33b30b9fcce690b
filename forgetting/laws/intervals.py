"""Intervals out of bootstrap draws."""

import numpy as np

from forgetting.config import InputError


def tails(level: float) -> list[float]:
  """The two shares that an interval of a level leaves out.

  Args:
    level: such as 0.95.

  Raises:
    InputError: a level that is not between 0 and 1.
  """
  if not 0 < level < 1:
    raise InputError(f"level {level}: must be between 0 and 1, as in 0.95")
  return [(1 - level) / 2, (1 + level) / 2]


def quantile(values, ends) -> np.ndarray:
  """Takes two quantiles over lanes; infinities are kept, NaN is infinite.

  Args:
    values: [lanes, ...].
    ends: the lower and the upper share.

  Returns:
    [2, ...], values that were drawn: the lower rounded down, the upper up.
  """
  ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=0)
  last = len(ordered) - 1
  low = int(np.floor(ends[0] * last))
  high = int(np.ceil(ends[1] * last))
  return np.stack([ordered[low], ordered[high]])
