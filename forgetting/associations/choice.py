"""Which k examples to measure of a new task, by the training rows alone."""

from __future__ import annotations

import dataclasses

import numpy as np

from forgetting.associations.completion import Method, folds
from forgetting.associations.kriging import Kriging, Prior

CHOICES = ("random", "variance", "greedy", "mixed")


@dataclasses.dataclass(frozen=True)
class Chooser:
  """A rule that names columns.

  Attributes:
    how: of `CHOICES`.
    ranked: [N] columns by falling variance over the training rows.
    greedy: [k] columns by what each in turn is expected to tell.
    top: how many of the largest variances the mixed rule takes.
  """

  how: str
  ranked: np.ndarray
  greedy: np.ndarray
  top: int

  def choose(self, count: int, *, seed: int) -> np.ndarray:
    """The columns to measure of a new task.

    Args:
      count: k.
      seed: matters where chance has a part.

    Returns:
      int64 [k], distinct.
    """
    if self.how == "greedy":
      return self.greedy[:count]
    generator = np.random.default_rng(seed)
    top = {"random": 0, "variance": count, "mixed": self.top}[self.how]
    return mixed(self.ranked, count, top=min(top, count), generator=generator)


def mixed(ranked, count: int, *, top: int, generator) -> np.ndarray:
  """The first `top` of `ranked` and the rest at random.

  Args:
    ranked: [N] columns.
    count: k, how many in all.
    top: at most k.
    generator: of numpy, of the random ones.

  Returns:
    int64 [k], distinct.
  """
  if not top:
    return generator.choice(len(ranked), count, replace=False)
  rest = generator.choice(len(ranked) - top, count - top, replace=False)
  return np.concatenate([ranked[:top], ranked[top:][rest]])


def choosers(
  train: np.ndarray, *, count: int, method: Kriging
) -> dict[str, Chooser]:
  """All the rules for choosing examples.

  Args:
    train: [n, N] training rows without NaN.
    count: k, how many examples they will be asked for.
    method: the tuned method that the greedy and the mixed rule serve.

  Returns:
    rule by name, of `CHOICES`.
  """
  ranked = np.argsort(-train.var(0), kind="stable")
  best = greedy(Prior.of(train), count=count, method=method)
  top = best_top(train, known=count, method=method)
  return {how: Chooser(how, ranked, best, top) for how in CHOICES}


def greedy(prior: Prior, *, count: int, method: Kriging) -> np.ndarray:
  """Columns that lower the expected variance of all others most, in turn.

  A-optimal design: with C of `kriging` and its noise D, the column j with the
  largest |C[:, j]|^2 / (C[j, j] + D[j]); then C is conditioned on j. C is
  never formed: its diagonal and the lengths of its columns are kept up.

  Args:
    prior: of the training rows.
    count: k.
    method: whose hyper-parameters C and D have.

  Returns:
    int64 [k], in the order in which they are chosen.
  """
  effects = np.array(
    [
      np.full(len(prior.mean), np.sqrt(method.intercept * prior.intercept)),
      np.sqrt(method.slope) * prior.slope,
    ]
  )
  factor = np.concatenate([prior.deviations, effects])  # C = factor' factor
  inner = factor @ factor.T
  noise = prior.noise(method.ridge)
  diagonal = np.square(factor).sum(0)
  lengths = np.einsum("in,in->n", inner @ factor, factor)
  weight = np.eye(len(factor))  # C = factor' weight factor
  chosen = []
  for _ in range(count):
    gain = lengths / (diagonal + noise)
    gain[chosen] = -np.inf
    pick = int(np.argmax(gain))
    chosen.append(pick)
    direction = weight @ factor[:, pick]
    column = direction @ factor
    scale = column[pick] + noise[pick]
    onto = (weight @ (inner @ direction)) @ factor  # C C[:, pick]
    lengths += column * (column * (column @ column) / scale - 2 * onto) / scale
    diagonal -= np.square(column) / scale
    weight -= np.outer(direction, direction) / scale
  return np.array(chosen)


def best_top(train: np.ndarray, *, known: int, method: Method) -> int:
  """How many of the largest variances the mixed rule should take.

  By leave-one-task-out: the fewest that are within one standard error of the
  best, and never more than half. A task that is left out is like the trained
  ones; chance is what protects a task that is not.

  Args:
    train: [n, N] training rows without NaN.
    known: k, how many examples are measured.
    method: that predicts from them.
  """
  steps = sorted({known * part // 6 for part in range(4)})
  errors = []
  for fold in folds(train, known=known):
    predictor = method.fit(fold.rest)
    ranked = np.argsort(-fold.rest.var(0), kind="stable")
    errors.append([_mixed_error(fold, predictor, ranked, t) for t in steps])
  if not errors:
    return known // 3
  errors = np.array(errors)
  mean = errors.mean(0)
  best = int(np.argmin(mean))
  over = errors - errors[:, best : best + 1]
  spare = over.std(0) / np.sqrt(len(errors))
  return steps[int(np.argmax(over.mean(0) <= spare))]


def _mixed_error(fold, predictor, ranked, top: int) -> float:
  """Mean squared error of a left-out row, over the draws of its fold."""
  total = 0.0
  for draw, columns in enumerate(fold.known):
    generator = np.random.default_rng(draw)
    columns = mixed(ranked, len(columns), top=top, generator=generator)
    row = predictor.predict(columns, fold.row[None, columns])[0]
    total += fold.squared_error(row, columns)
  return total / (len(fold.known) * len(fold.row))
