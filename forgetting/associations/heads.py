"""Heads on frozen states that forecast how much is forgotten.

With h(x) = W2 relu(W1 x + b1) + b2, of width d, of a task's text t and of an
example j, a forecast is

  s_tj = prior_j + scale <h(t), g(j)> / d

g is h itself (Jin & Ren 2402.01865, and with scale < 0 2406.14026 v1) or a
head of its own (its later versions). What is minimised is the mean square of
s - z or, of cells that are 0 or 1, the cross entropy of sigmoid(s), in which
forgotten cells count a tenth; in units of what the prior alone gets; plus

  decay (|W1|^2 / hidden + |W2|^2 / d)

All of it at once, by L-BFGS with exact gradients: the states are given, and
what is left is small.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

HIDDEN = 64
WIDTH = 64  # d
STEPS = 50  # of L-BFGS at most
POSITIVE = 0.1  # weight of a forgotten cell
COLUMNS = 2048  # examples at most that heads are trained on


@dataclasses.dataclass(frozen=True)
class Head:
  """A two-layer perceptron.

  Attributes:
    first: [H, hidden] W1.
    first_bias: [hidden] b1.
    second: [hidden, d] W2.
    second_bias: [d] b2.
  """

  first: np.ndarray
  first_bias: np.ndarray
  second: np.ndarray
  second_bias: np.ndarray

  @classmethod
  def drawn(cls, inputs: int, generator) -> Head:
    """A head before training.

    Args:
      inputs: H, width of the states.
      generator: of numpy.
    """
    return cls(
      generator.normal(0, np.sqrt(2 / inputs), (inputs, HIDDEN)),
      np.zeros(HIDDEN),
      generator.normal(0, np.sqrt(1 / HIDDEN), (HIDDEN, WIDTH)),
      np.zeros(WIDTH),
    )

  def __iter__(self) -> Iterator[np.ndarray]:
    for field in dataclasses.fields(self):
      yield getattr(self, field.name)

  def apply(self, states: np.ndarray) -> np.ndarray:
    """h(x).

    Args:
      states: [..., H].

    Returns:
      [..., d].
    """
    hidden = np.maximum(states @ self.first + self.first_bias, 0)
    return hidden @ self.second + self.second_bias

  def gradient(self, states: np.ndarray, slope: np.ndarray) -> Head:
    """What a slope of h(x) is of the parameters.

    Args:
      states: [r, H].
      slope: [r, d], d loss / d h.
    """
    hidden = np.maximum(states @ self.first + self.first_bias, 0)
    below = (slope @ self.second.T) * (hidden > 0)
    return Head(states.T @ below, below.sum(0), hidden.T @ slope, slope.sum(0))

  def decay(self) -> float:
    """|W1|^2 / hidden + |W2|^2 / d."""
    first, second = (np.square(w).sum() for w in (self.first, self.second))
    return float(first / HIDDEN + second / WIDTH)

  def decay_gradient(self) -> Head:
    """Of `decay`."""
    return Head(
      2 * self.first / HIDDEN,
      np.zeros_like(self.first_bias),
      2 * self.second / WIDTH,
      np.zeros_like(self.second_bias),
    )


@dataclasses.dataclass(frozen=True)
class Heads:
  """Trained heads: of tasks, of examples; one object where they share it.

  Attributes:
    of_tasks, of_examples: h and g.
    scale: see the equation above.
  """

  of_tasks: Head
  of_examples: Head
  scale: float

  def forecast(self, tasks: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """scale <h(t), g(j)> / d, the mean over each task's texts.

    Args:
      tasks: [t, c, H].
      examples: [N, H].

    Returns:
      [t, N], without the prior.
    """
    left = self.of_tasks.apply(tasks).mean(1)
    return self.scale / WIDTH * (left @ self.of_examples.apply(examples).T)


def train(
  tasks: np.ndarray,
  examples: np.ndarray,
  values: np.ndarray,
  prior: np.ndarray,
  *,
  pair: bool,
  sign: float,
  binary: bool,
  decay: float,
  seed: int = 0,
) -> Heads:
  """Trains heads on all texts of the training tasks at once.

  Args:
    tasks: [n, c, H] states.
    examples: [N, H] states; `COLUMNS` of them by chance, where more.
    values: [n, N] z without NaN.
    prior: [N], what is forecast where the heads say nothing.
    pair: whether g is a head of its own.
    sign: of the product.
    binary: whether cells are 0 or 1, and s a logit.
    decay: see above.
    seed: of the first parameters.
  """
  generator = np.random.default_rng(seed)
  if len(examples) > COLUMNS:
    kept = generator.choice(len(examples), COLUMNS, replace=False)
    examples, values, prior = examples[kept], values[:, kept], prior[kept]
  spread = 1.0 if binary else float((values - prior).std()) or 1.0
  unit = loss_of(prior, values, binary=binary) or 1.0
  texts = tasks.reshape(-1, tasks.shape[-1]).astype(np.float32)
  examples = examples.astype(np.float32)
  prior = prior.astype(np.float32)
  wanted = np.repeat(values.astype(np.float32), tasks.shape[1], axis=0)
  start = [Head.drawn(tasks.shape[-1], generator) for _ in range(1 + pair)]
  shapes = [[part.shape for part in head] for head in start]

  def objective(flat):
    # half the time of float64, and no worse a forecast
    heads = _unpack(flat.astype(np.float32), shapes)
    left, right = heads[0].apply(texts), heads[-1].apply(examples)
    forecast = prior + sign * spread / WIDTH * (left @ right.T)
    value = loss_of(forecast, wanted, binary=binary) / unit
    slope = _slope(forecast, wanted, binary=binary)
    slope *= sign * spread / WIDTH / unit
    own = [
      heads[0].gradient(texts, slope @ right),
      heads[-1].gradient(examples, slope.T @ left),
    ]
    gradient = _pack(own) if pair else _pack(own[:1]) + _pack(own[1:])
    value += decay * sum(head.decay() for head in heads)
    gradient += decay * _pack([head.decay_gradient() for head in heads])
    return float(value), gradient.astype(np.float64)

  found = minimize(
    objective,
    _pack(start),
    jac=True,
    method="L-BFGS-B",
    options={"maxiter": STEPS, "maxfun": 2 * STEPS},
  )
  heads = _unpack(found.x, shapes)
  return Heads(heads[0], heads[-1], sign * spread)


def loss_of(forecast: np.ndarray, values: np.ndarray, *, binary: bool) -> float:
  """What heads are trained to lower.

  Args:
    forecast: [n, N], or [N] for all rows; logits of binary cells.
    values: [n, N].
    binary: whether cells are 0 or 1.

  Returns:
    the mean square of the error, or the cross entropy in which forgotten
    cells count `POSITIVE`.
  """
  if not binary:
    return float(np.square(forecast - values).mean())
  side = 1 - 2 * values  # the logit of being wrong is side x s
  return float((_weight(values) * np.logaddexp(0, side * forecast)).mean())


def _slope(forecast, values, *, binary: bool) -> np.ndarray:
  if not binary:
    return 2 * (forecast - values) / values.size
  side = 1 - 2 * values
  return _weight(values) * side * expit(side * forecast) / values.size


def _weight(values) -> np.ndarray:
  return np.where(values > 0.5, values.dtype.type(POSITIVE), 1)


def _pack(heads) -> np.ndarray:
  return np.concatenate([part.ravel() for head in heads for part in head])


def _unpack(flat: np.ndarray, shapes) -> list[Head]:
  sizes = [int(np.prod(shape)) for head in shapes for shape in head]
  parts = iter(np.split(flat, np.cumsum(sizes)[:-1]))
  return [
    Head(*(next(parts).reshape(shape) for shape in head)) for head in shapes
  ]
