"""How simple a forgetting matrix is: what few numbers a row reproduce of it.

Every fit is least squares and needs only the Gram matrix K = Z Z' (M x M), so
that 142k columns take a second. R2 is against the grand mean although the
truncated SVD is uncentred, as Jin & Ren (arXiv 2406.14026) report it:

  R2 = 1 - sum (Z - fitted)^2 / sum (Z - mean Z)^2

Held out, a row is fitted by what the other rows leave: the right singular
space of the others onto which it is projected whole, their example means, and
of its own only the row mean.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from forgetting.associations.matrix import ForgettingMatrix, fill

RANKS = (1, 2, 3, 4, 5, 10)
EM_ROUNDS = 200


@dataclasses.dataclass(frozen=True)
class Model:
  """One description of Z.

  Attributes:
    name: "additive", "rank_3", ...
    r2: of the cells it was fitted to.
    r2_held_out: of rows it was not fitted to; NaN where not defined.
  """

  name: str
  r2: float
  r2_held_out: float


@dataclasses.dataclass(frozen=True)
class Structure:
  """What describes Z, and how well.

  Attributes:
    models: by name.
    singular_values: [min(M, N)] falling; where cells are missing, of Z
      filled by the additive fit.
    r2_by_rank: [min(M, N)] R2 of rank 1, 2, ... of that same Z.
    left: [M, r] unit vectors over tasks.
    right: [r, N] unit vectors over examples; signs such that a task with a
      positive weight forgets more.
  """

  models: dict[str, Model]
  singular_values: np.ndarray
  r2_by_rank: np.ndarray
  left: np.ndarray
  right: np.ndarray


def analyse(
  matrix: ForgettingMatrix, *, ranks: Sequence[int] = RANKS
) -> Structure:
  """R2 of every description of Z, in sample and held out by task.

  Unmeasured cells are filled by the additive fit; for the ranks, by the
  rank's own fit (expectation-maximisation). They never enter an R2.

  Args:
    matrix: Z.
    ranks: to try, as far as Z has them.
  """
  measured = matrix.measured
  z = fill(matrix.values)
  gram = z @ z.T
  ranks = [r for r in ranks if r <= min(z.shape)]
  total = _total(z, measured)
  fitted = _in_sample(z, gram, ranks, measured)
  held = _held_out(fitted, gram, ranks) if measured.all() else {}
  models = {}
  for name, squares in fitted.items():
    models[name] = Model(
      name, _r2(squares, total), _r2(held.get(name, np.nan), total)
    )
  values, left = _eigen(gram)
  kept = max(ranks, default=1)
  right = _right(z, left[:, :kept], values[:kept])
  values = values[: min(z.shape)]
  left_over = np.sum(values**2) - np.cumsum(values**2)
  sign = np.where(right.sum(1) < 0, -1.0, 1.0)
  return Structure(
    models=models,
    singular_values=values,
    r2_by_rank=_r2(left_over, _total(z, np.ones(z.shape, bool))),
    left=left[:, :kept] * sign,
    right=right * sign[:, None],
  )


def _total(z, measured) -> float:
  if measured.all():
    return float(np.square(z).sum() - z.size * z.mean() ** 2)
  seen = z[measured]
  return float(np.square(seen - seen.mean()).sum())


def _r2(squares, total: float):
  return 1 - squares / total if total > 0 else squares * float("nan")


def _eigen(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Singular values of Z, falling, and its left singular vectors."""
  values, vectors = np.linalg.eigh(gram)
  return np.sqrt(np.clip(values[::-1], 0, None)), vectors[:, ::-1]


def _right(z, left, values) -> np.ndarray:
  safe = np.where(values > 1e-9 * max(values[0], 1e-300), values, np.inf)
  return (left / safe).T @ z


def _in_sample(z, gram, ranks, measured) -> dict[str, float]:
  """Sums of squares that each description leaves."""
  if not measured.all():
    return _in_sample_missing(z, ranks, measured)
  rows, columns = z.mean(1), z.mean(0)
  total, count = np.trace(gram), z.shape
  by_row = total - count[1] * (rows**2).sum()
  by_column = total - count[0] * (columns**2).sum()
  additive = _additive_gram(gram, rows, count[1])
  out = {
    "task_only": by_row,
    "example_only": by_column,
    "additive": np.trace(additive),
    "outer_means": _outer_left_over(z, total),
    "multiplicative": _left_over(gram, 1),
  }
  out |= {f"rank_{r}": _left_over(gram, r) for r in ranks}
  more = [r for r in ranks if r < min(count)]
  return out | {f"additive_rank_{r}": _left_over(additive, r) for r in more}


def _outer_left_over(z, total: float) -> float:
  """What row mean x column mean / mean leaves."""
  rows, columns, mean = z.mean(1), z.mean(0), z.mean()
  if not mean:
    return total
  squares = (rows @ rows) * (columns @ columns) / mean**2
  return float(total - 2 * rows @ (z @ columns) / mean + squares)


def _additive_gram(gram, rows, columns: int) -> np.ndarray:
  """Gram matrix of what row and column means leave of Z."""
  centred = gram - columns * np.outer(rows, rows)
  centred = centred - centred.mean(0)
  return centred - centred.mean(1, keepdims=True)


def _left_over(gram, rank: int) -> float:
  values = np.linalg.eigvalsh(gram)[::-1]
  return float(np.clip(values[rank:], 0, None).sum())


def _in_sample_missing(z, ranks, measured) -> dict[str, float]:
  """Sums of squares that each description leaves of the measured cells."""
  weight = measured.astype(float)
  rows = (z * weight).sum(1) / weight.sum(1)
  columns = (z * weight).sum(0) / weight.sum(0)
  mean = (z * weight).sum() / weight.sum()

  def left_over(fitted):
    return float((((z - fitted) ** 2) * weight).sum())

  additive = z.mean(1)[:, None] + z.mean(0) - z.mean()
  out = {
    "task_only": left_over(rows[:, None]),
    "example_only": left_over(columns),
    "additive": left_over(additive),
    "outer_means": left_over(np.outer(rows, columns) / (mean or np.inf)),
    "multiplicative": left_over(low_rank(z, 1, measured)),
  }
  return out | {f"rank_{r}": left_over(low_rank(z, r, measured)) for r in ranks}


def low_rank(z: np.ndarray, rank: int, measured: np.ndarray) -> np.ndarray:
  """Least-squares fit of that rank to the measured cells.

  Expectation-maximisation: the truncated SVD of Z with unmeasured cells
  replaced by the fit before.

  Args:
    z: [M, N] without NaN: unmeasured cells hold a first guess.
    rank: of the fit.
    measured: [M, N] which cells count.

  Returns:
    [M, N].
  """
  filled = z.copy()
  for _ in range(EM_ROUNDS):
    _, left = _eigen(filled @ filled.T)
    fitted = left[:, :rank] @ (left[:, :rank].T @ filled)
    if measured.all():
      break
    change = np.abs(filled - fitted)[~measured].max()
    filled = np.where(measured, z, fitted)
    if change <= 1e-9 * np.abs(filled).max():
      break
  return fitted


def _held_out(fitted, gram, ranks) -> dict[str, float]:
  """Sums of squares over rows, each fitted by what the others leave.

  Args:
    fitted: the same in sample, by name.
  """
  count = len(gram)
  if count < 2:
    return {}
  # a row's distance to the mean of the others, by that to the mean of all
  further = (count / (count - 1)) ** 2
  out = {
    "task_only": fitted["task_only"],
    "example_only": further * fitted["example_only"],
    "additive": further * fitted["additive"],
  }
  squares = np.array([_projected(gram, i, ranks) for i in range(count)])
  norms = np.trace(gram)
  out |= {
    f"rank_{r}": norms - s for r, s in zip(ranks, squares.sum(0), strict=True)
  }
  if "rank_1" in out:
    out["multiplicative"] = out["rank_1"]
  return out


def _projected(gram, row: int, ranks) -> np.ndarray:
  """Squared length of a row's projection onto the others' leading space."""
  rest = np.delete(np.arange(len(gram)), row)
  values, left = _eigen(gram[np.ix_(rest, rest)])
  safe = np.where(values > 1e-9 * max(values[0], 1e-300), values, np.inf)
  squares = (left.T @ gram[rest, row] / safe) ** 2
  return np.array([squares[:r].sum() for r in ranks])
