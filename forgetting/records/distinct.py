"""A column of text, with each different value once: most have few."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np


class Distinct:
  """A column of text that grows.

  What is read of a value is read once, and spread over the rows.
  """

  def __init__(self, values: Iterable[str] = ()):
    """A column.

    Args:
      values: of its rows.
    """
    self._index: defaultdict[str, int] = defaultdict()
    self._index.default_factory = self._index.__len__
    self._codes: list[np.ndarray] = []
    self.add(values)

  def add(self, values: Iterable[str]) -> None:
    """Puts rows below those that are there.

    Args:
      values: of these rows.
    """
    # one that is new gets the next number
    codes = map(self._index.__getitem__, values)
    self._codes.append(np.fromiter(codes, np.int32))

  @property
  def values(self) -> list[str]:
    """Each different value, in the order in which they came."""
    return [*self._index]

  def spread(self, read: np.ndarray) -> np.ndarray:
    """What the rows are.

    Args:
      read: [different values] what each is.

    Returns:
      [rows].
    """
    return read[np.concatenate(self._codes)]
