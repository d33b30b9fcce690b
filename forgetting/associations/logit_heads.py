"""Forecasts from what a fine-tuning did to the logits of its own text.

The trainable logit of Jin & Ren (arXiv 2402.01865, section 3.2). With f0 and fi
the logits before and after the fine-tuning, x its own text of T tokens, and
h(x) = W2 relu(W1 x + b1) + b2 of width d over the states of single tokens,

  f(x_j) = f0(x_j) + scale / (T d) h(x_j) h(x)' [fi(x) - f0(x)]
  s_ij = mean over tokens of CE(y_j | f(x_j)) - CE(y_j | f0(x_j))

The fixed logit has [h(x) h(x)']^-1 in place of scale / (T d), and the model's
own states in place of h. There what is forecast is whether the answer is wrong
and the loss a margin; here it is how much the loss rises, and what is minimised
the mean square of s - z. The scale is learned with h: of a text of a thousand
tokens few are like one of the example's.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from forgetting.associations.heads import WIDTH, Head
from forgetting.config import InputError

STEPS = (100, 200, 300)  # of Adam, after which heads are looked at
RATE = 3e-3  # of Adam, falling to 0 at the last step
TASKS, EXAMPLES = 6, 16  # of a step
SCALES = (1.0, 10.0, 100.0)  # tried before the first step
PART = 64  # examples that are forecast at a time


@dataclasses.dataclass(frozen=True, eq=False)
class Tokens:
  """States and logits of single tokens; T = tokens of a task, L of an example.

  Attributes:
    examples: [N, L, H] states, what the output layer reads.
    targets: [N, L] the tokens that follow.
    weights: [N, L] of the targets.
    tasks: [M, T, H] states of each task's own text.
    changes: [M, T, V] its logits after less before; 0 where a token does not
      count.
    counted: [M] tokens of it that do.
    head: [H + 1, V] the output layer, states to logits before; its last row
      is added to them.
  """

  examples: np.ndarray
  targets: np.ndarray
  weights: np.ndarray
  tasks: np.ndarray
  changes: np.ndarray
  counted: np.ndarray
  head: np.ndarray

  def __post_init__(self):
    for field in dataclasses.fields(self):
      if not np.isfinite(getattr(self, field.name)).all():
        raise InputError(
          f"logits: found NaN or infinities in their {field.name}, expected"
          " numbers"
        )

  def standardised(self) -> Tokens:
    """float32, states in units of the examples' deviations.

    The head is changed with them: logits stay what they were.
    """
    states = self.examples.astype(np.float32)
    mean, spread = states.mean((0, 1)), states.std((0, 1))
    spread[spread == 0] = 1
    head = self.head.astype(np.float32)
    return dataclasses.replace(
      self,
      examples=(states - mean) / spread,
      tasks=(self.tasks.astype(np.float32) - mean) / spread,
      changes=self.changes.astype(np.float32),
      head=np.vstack(
        [head[:-1] * spread[:, None], head[-1] + mean @ head[:-1]]
      ),
    )


@dataclasses.dataclass(frozen=True)
class LogitHead:
  """h and its scale, as trained.

  Attributes:
    head: h.
    scale: see the equation above.
  """

  head: Head
  scale: float

  def forecast(
    self, tokens: Tokens, tasks: np.ndarray, columns: np.ndarray | None = None
  ) -> np.ndarray:
    """How much the loss of examples rises.

    Args:
      tokens: standardised.
      tasks: [t] positions.
      columns: [c] positions of examples; None: of all.

    Returns:
      [t, c] nats per token.
    """
    if columns is None:
      columns = np.arange(len(tokens.examples))
    products = [_product(self.head, tokens, task) for task in tasks]
    parts = [
      self._rises(tokens, columns[at : at + PART], products)
      for at in range(0, len(columns), PART)
    ]
    return np.concatenate(parts, axis=1)

  def _rises(self, tokens, columns, products) -> np.ndarray:
    batch = _Batch.of(tokens, columns)
    left = self.head.apply(batch.states) * (self.scale / WIDTH)
    return np.array([batch.rises(left @ own)[0] for own in products])


@dataclasses.dataclass(frozen=True, eq=False)
class _Batch:
  """Some examples, their tokens in one row: [r, ...], r = c L.

  Attributes:
    states: [r, H].
    logits: [r, V] before.
    targets: [r].
    shares: [c, L], of each example's weights; rows sum to 1.
    losses: [c] before.
  """

  states: np.ndarray
  logits: np.ndarray
  targets: np.ndarray
  shares: np.ndarray
  losses: np.ndarray

  @classmethod
  def of(cls, tokens: Tokens, columns: np.ndarray) -> _Batch:
    states = tokens.examples[columns].reshape(-1, tokens.examples.shape[-1])
    logits = states @ tokens.head[:-1] + tokens.head[-1]
    weights = tokens.weights[columns].astype(np.float32)
    shares = weights / weights.sum(1, keepdims=True)
    targets = tokens.targets[columns].ravel()
    losses, _ = _cross_entropy(logits, targets)
    means = (losses.reshape(shares.shape) * shares).sum(1)
    return cls(states, logits, targets, shares, means)

  def rises(self, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much losses rise, [c], and their slopes of the logits, [r, V]."""
    losses, slopes = _cross_entropy(self.logits + change, self.targets)
    means = (losses.reshape(self.shares.shape) * self.shares).sum(1)
    return means - self.losses, slopes * self.shares.ravel()[:, None]


def train(
  tokens: Tokens,
  tasks: np.ndarray,
  values: np.ndarray,
  *,
  steps: int,
  seed: int = 0,
) -> list[LogitHead]:
  """Trains h by Adam on a few tasks and examples a step.

  Args:
    tokens: standardised.
    tasks: [n] positions of the training tasks.
    values: [n, N] z of them, without NaN.
    steps: of `STEPS`.
    seed: of the first parameters and of what a step sees.

  Returns:
    the heads after those `STEPS` that are no later.
  """
  generator = np.random.default_rng(seed)
  first = Head.drawn(tokens.examples.shape[-1], generator)
  scale = _first_scale(first, tokens, tasks, values, generator)
  # the scale is one of the parameters, by its logarithm
  parts = [part.astype(np.float32) for part in first]
  parts.append(np.log(np.float32(scale)))
  moments = [(np.zeros_like(part), np.zeros_like(part)) for part in parts]
  spread = float(values.std()) or 1.0
  found = []
  for step in range(1, steps + 1):
    rows = generator.permutation(len(tasks))[:TASKS]
    columns = generator.permutation(values.shape[1])[:EXAMPLES]
    head, scale = Head(*parts[:-1]), np.exp(parts[-1])
    slopes = slopes_of(
      LogitHead(head, float(scale)),
      tokens,
      tasks[rows],
      columns,
      values[np.ix_(rows, columns)] / spread,
      unit=spread,
    )
    rate = RATE * (1 - (step - 1) / STEPS[-1])
    parts, moments = _adam(parts, slopes, moments, step, rate)
    if step in STEPS:
      found.append(LogitHead(Head(*parts[:-1]), float(np.exp(parts[-1]))))
  return found


def slopes_of(
  current: LogitHead,
  tokens: Tokens,
  tasks: np.ndarray,
  columns: np.ndarray,
  values: np.ndarray,
  *,
  unit: float,
) -> list[np.ndarray]:
  """Slopes of the mean square of s / unit - z.

  Args:
    current: where.
    tokens: standardised.
    tasks, columns: positions of what is looked at.
    values: [tasks, columns] z in units of `unit`.
    unit: nats per token.

  Returns:
    of each part of h, and of the logarithm of the scale.
  """
  head, scale = current.head, current.scale / WIDTH
  batch = _Batch.of(tokens, columns)
  left = head.apply(batch.states)
  of_left, of_scale = np.zeros_like(left), 0.0
  total = [np.zeros_like(part) for part in head]
  for task, wanted in zip(tasks, values, strict=True):
    product = _product(head, tokens, task)
    rises, slopes = batch.rises(scale * (left @ product))
    errors = 2 * (rises / unit - wanted) / (unit * values.size)
    rows = np.repeat(errors.astype(np.float32), tokens.examples.shape[1])
    slopes *= scale * rows[:, None]
    of_left += slopes @ product.T
    of_product = left.T @ slopes  # [d, V]
    of_scale += float((of_product * product).sum())
    of_right = tokens.changes[task] @ of_product.T / float(tokens.counted[task])
    for part, slope in zip(
      total, head.gradient(tokens.tasks[task], of_right), strict=True
    ):
      part += slope
  for part, slope in zip(
    total, head.gradient(batch.states, of_left), strict=True
  ):
    part += slope
  return [*total, np.float32(of_scale)]


def _product(head: Head, tokens: Tokens, task) -> np.ndarray:
  """h(x)' [fi(x) - f0(x)] / T of a task, [d, V]."""
  right = head.apply(tokens.tasks[task])
  return right.T @ tokens.changes[task] / float(tokens.counted[task])


def _first_scale(first: Head, tokens, tasks, values, generator) -> float:
  """The scale of `SCALES` with which the first head forecasts best."""
  columns = generator.permutation(values.shape[1])[:PART]
  rows = generator.permutation(len(tasks))[:TASKS]
  first = Head(*(part.astype(np.float32) for part in first))

  def error(scale: float) -> float:
    guess = LogitHead(first, scale).forecast(tokens, tasks[rows], columns)
    return float(np.square(guess - values[np.ix_(rows, columns)]).mean())

  return min(SCALES, key=error)


def _cross_entropy(logits, targets) -> tuple[np.ndarray, np.ndarray]:
  """Losses [r] and their slopes of the logits, [r, V]."""
  rows = np.arange(len(logits))
  top = logits.max(1, keepdims=True)
  chances = np.exp(logits - top)
  sums = chances.sum(1)
  losses = np.log(sums) + top[:, 0] - logits[rows, targets]
  chances /= sums[:, None]
  chances[rows, targets] -= 1
  return losses, chances


def _adam(
  parts: Sequence[np.ndarray],
  slopes: Sequence[np.ndarray],
  moments: Sequence[tuple[np.ndarray, np.ndarray]],
  step: int,
  rate: float,
) -> tuple[list[np.ndarray], list[tuple[np.ndarray, np.ndarray]]]:
  """A step of Adam, with its usual numbers."""
  found, kept = [], []
  for part, slope, (first, second) in zip(parts, slopes, moments, strict=True):
    first = 0.9 * first + 0.1 * slope
    second = 0.999 * second + 0.001 * slope**2
    size = np.sqrt(second / (1 - 0.999**step)) + 1e-8
    found.append(np.float32(part - rate * first / (1 - 0.9**step) / size))
    kept.append((first, second))
  return found, kept
