"""How one tensor of a checkpoint is made of parameters of ours, and back.

A parameter's last axis is what its product gives, a checkpoint's first (but
GPT-2's). Fused tensors hold several parameters side by side along that axis,
so what takes one apart takes anything apart that has an output axis: a weight,
a bias, and B of an adapter.
"""

from collections.abc import Sequence
import dataclasses
from typing import Protocol

import numpy as np


class Layout(Protocol):
  """Along the first axis, which is the output's."""

  def split(self, whole: np.ndarray) -> list[np.ndarray]:
    """The parts of a fused tensor, [out, ...] each."""

  def join(self, parts: Sequence[np.ndarray]) -> np.ndarray:
    """What `split` took apart."""


@dataclasses.dataclass(frozen=True)
class Whole:
  """A tensor is a parameter."""

  def split(self, whole: np.ndarray) -> list[np.ndarray]:
    """It alone."""
    return [whole]

  def join(self, parts: Sequence[np.ndarray]) -> np.ndarray:
    """It alone."""
    return parts[0]


@dataclasses.dataclass(frozen=True)
class SideBySide:
  """Parts of given sizes, one after the other: phi3, GPT-2.

  Attributes:
    sizes: of the parts.
  """

  sizes: tuple[int, ...]

  def split(self, whole: np.ndarray) -> list[np.ndarray]:
    """The parts, in their order."""
    return np.split(whole, np.cumsum(self.sizes)[:-1])

  def join(self, parts: Sequence[np.ndarray]) -> np.ndarray:
    """All of them, in their order."""
    return np.concatenate(parts)


@dataclasses.dataclass(frozen=True)
class ByHead:
  """Queries, keys and values of a head, then those of the next: GPT-NeoX.

  Attributes:
    heads: how many.
    size: channels of each.
  """

  heads: int
  size: int

  def split(self, whole: np.ndarray) -> list[np.ndarray]:
    """Queries, keys, values."""
    rest = whole.shape[1:]
    by_head = whole.reshape(self.heads, 3, self.size, *rest)
    return [by_head[:, i].reshape(-1, *rest) for i in range(3)]

  def join(self, parts: Sequence[np.ndarray]) -> np.ndarray:
    """The three, head by head."""
    rest = parts[0].shape[1:]
    shape = (self.heads, self.size, *rest)
    by_head = np.stack([part.reshape(shape) for part in parts], axis=1)
    return by_head.reshape(-1, *rest)


WHOLE = Whole()
