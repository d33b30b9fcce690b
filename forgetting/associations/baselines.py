"""Predictions that anything better has to beat."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from forgetting.associations.completion import Method, Predictor


@dataclasses.dataclass(frozen=True)
class ExampleMean(Method):
  """The mean of each example over the training tasks; measures nothing."""

  name: ClassVar[str] = "example_mean"

  def fit(self, train: np.ndarray) -> Predictor:
    """Learns from training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    return _ExampleMean(train.mean(0))


@dataclasses.dataclass(frozen=True)
class Frequency(ExampleMean):
  """The same of a binary matrix: how often an example is forgotten.

  Forgotten is said above a threshold that leaving tasks out has chosen.
  """

  name: ClassVar[str] = "frequency"


@dataclasses.dataclass(frozen=True)
class _ExampleMean(Predictor):
  mean: np.ndarray

  def predict(self, known, values):
    return np.repeat(self.mean[None], len(values), axis=0)


@dataclasses.dataclass(frozen=True)
class Additive(Method):
  """Example mean + the new task's offset, the mean of what it was above."""

  name: ClassVar[str] = "additive"

  def fit(self, train: np.ndarray) -> Predictor:
    """Learns from training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    return _Additive(train.mean(0))


@dataclasses.dataclass(frozen=True)
class _Additive(Predictor):
  mean: np.ndarray

  def predict(self, known, values):
    if not len(known):
      return np.repeat(self.mean[None], len(values), axis=0)
    offset = (values - self.mean[known]).mean(1, keepdims=True)
    return self.mean + offset


@dataclasses.dataclass(frozen=True)
class Knn(Method):
  """The training tasks nearest on the measured examples, averaged.

  Weights are 1 / mean squared difference over the measured examples.

  Attributes:
    neighbours: training tasks that are averaged.
  """

  neighbours: int = 5
  name: ClassVar[str] = "knn"

  def candidates(self):
    """The numbers of neighbours that `tuned` chooses from."""
    return [dataclasses.replace(self, neighbours=n) for n in (1, 3, 5, 10, 20)]

  def fit(self, train: np.ndarray) -> Predictor:
    """Learns from training rows.

    Args:
      train: [n, N] nats per token, without NaN.
    """
    return _Knn(train, self.neighbours)


@dataclasses.dataclass(frozen=True)
class _Knn(Predictor):
  train: np.ndarray
  neighbours: int

  def predict(self, known, values):
    if not len(known):
      return np.repeat(self.train.mean(0)[None], len(values), axis=0)
    apart = values[:, None] - self.train[:, known]
    distance = np.square(apart).mean(-1)  # [t, n]
    count = min(self.neighbours, len(self.train))
    furthest = np.partition(distance, count - 1)[:, count - 1 : count]
    # a row that agrees exactly decides alone, without dividing by zero
    floor = 1e-12 * np.maximum(furthest, np.finfo(float).tiny)
    weight = (distance <= furthest) / np.maximum(distance, floor + 1e-300)
    return (weight / weight.sum(1, keepdims=True)) @ self.train
