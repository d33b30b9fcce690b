"""Laws of the recipe: injection, learning rate and rank, at one target loss.

Full fine-tuning and adapters have a law each (`forms_recipes`). A power of the
learning rate, or of the rank, is in it only where it predicts the runs of the
largest or smallest one better than the law without it does.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from forgetting.config import InputError
from forgetting.laws import table as tables
from forgetting.laws.fit import fit
from forgetting.laws.fitted import Fit
from forgetting.laws.paths import FULL, Path
from forgetting.laws.trials import Part, leave_out

AXES = {"lam": ("relative_lr", "learning rate"), "rho": ("rank", "rank")}
HALF = 0.5  # of c, where two injections tell no shape


@dataclasses.dataclass(frozen=True)
class Recipes:
  """The recipes of one family, full or of adapters, and their law.

  Attributes:
    family: "full" or "lora".
    fit: of the law `recipes`, with the powers that stood their trial.
    rates, ranks: that were tried and had the target loss, rising.
    most: the largest injection that its effect was fitted to.
    length: (ln tokens, power of the rate, of the rank) of target text until
      the target loss, and the spread of its logarithm.
    passes: that a step takes through the model.
    trials: power -> what was missed with it and without, nats a token.
    unidentified: a line for each thing that the runs do not tell.
  """

  family: str
  fit: Fit
  rates: tuple[float, ...]
  ranks: tuple[float, ...]
  most: float
  length: tuple[float, float, float, float]
  passes: int
  trials: dict[str, tuple[float, float]]
  unidentified: tuple[str, ...]

  def target_tokens(self, rate, rank):
    """Of the target text, until the target loss: arrays are welcome."""
    level, slope, power, _ = self.length
    return np.exp(level + slope * np.log(rate) + power * np.log(rank))


def frame_of(paths: Sequence[Path], target: float, usual: float):
  """Makes the table that the law is fitted to.

  Args:
    paths: of one cell.
    target: target loss at which they are read.
    usual: learning rate that the others are told against.

  Returns:
    a data frame, one row a run that has the target loss.
  """
  import pandas as pd

  rows = [
    dict(
      run=path.run,
      method=path.axes["method"],
      relative_lr=path.axes["peak_lr"] / usual,
      rank=rank_of(path.axes["method"]),
      injection=path.axes["injection"],
      best_tokens=there.tokens,
      base_pretrain_loss=path.base,
      pretrain_loss=path.base + there.forgetting,
      passes=path.passes,
    )
    for path in paths
    if (there := path.at(target)) and np.isfinite(there.tokens)
  ]
  return pd.DataFrame(rows)


def rank_of(method: str) -> float:
  """The rank in the word of a method; 1, which no power changes, of others."""
  part = method.split("-")[1:2]
  return float(part[0][1:]) if method.startswith("lora-") else 1.0


def fit_recipes(frame, family: str, *, like: Recipes | None = None) -> Recipes:
  """Fits the law of one family, with the powers that stand their trial.

  Args:
    frame: of `frame_of`, of that family alone.
    family: "full" or "lora".
    like: whose effect of injection is taken where the rows tell none.

  Raises:
    InputError: too few runs have the target loss.
  """
  if len(frame) < 3:
    raise InputError(
      f"{family}: found {len(frame)} runs with the target loss, expected three"
    )
  # one family, though of several words: of each rank one
  frame = frame.drop(columns="method")
  fixed, lines = _injection(frame, family, like)
  most = float(frame["injection"].max())
  if like is not None and "B" in fixed:
    most = like.most
  free: tuple[str, ...] = ()
  judged = {}
  for power, (column, word) in AXES.items():
    if power == "rho" and family == FULL.word:
      continue
    if tables.levels(frame[column].to_numpy(float)) < 3:
      lines.append(f"{family}: fewer than three of {word} have the target loss")
      continue
    without, with_it = (
      fit(frame, "recipes", free=names, fixed=fixed, cluster=("run",))
      for names in (free, (*free, power))
    )
    judged[power] = (
      _missed(frame, column, with_it),
      _missed(frame, column, without),
    )
    if judged[power][0] < judged[power][1]:
      free = (*free, power)
  found = fit(frame, "recipes", free=free, fixed=fixed, cluster=("run",))
  return Recipes(
    family,
    found,
    _levels(frame, "relative_lr"),
    _levels(frame, "rank"),
    most,
    _length(frame),
    int(frame["passes"].iloc[0]),
    judged,
    tuple(lines),
  )


def _injection(frame, family, like):
  """What of the effect of injection is held, and what to say of it."""
  levels = tables.levels(frame["injection"].to_numpy(float))
  if levels > 2:
    return {}, []
  if like is not None:
    held = {name: like.fit.params[name] for name in ("B", "c")}
    return held, [f"{family}: the effect of injection is that of full runs"]
  if levels == 2:
    return {"c": HALF}, [f"{family}: c of injection is held at {HALF:g}"]
  raise InputError(f"{family}: found one injection, expected two at least")


def _missed(frame, column: str, fitted: Fit) -> float:
  """Mean error with the largest, and with the smallest of a column left out."""
  values = frame[column].to_numpy(float)
  ends = (values.min(), values.max())
  trials = leave_out(fitted, [Part(values != end, column) for end in ends])
  known = [made.error for made in trials if made.rows]
  return float(np.mean(known)) if known else float("inf")


def _levels(frame, column: str) -> tuple[float, ...]:
  return tuple(sorted({float(v) for v in frame[column]}))


def _length(frame) -> tuple[float, float, float, float]:
  """Least squares in logs of the target tokens until the target loss."""
  share = np.log1p(-frame["injection"].to_numpy(float))
  y = np.log(frame["best_tokens"].to_numpy(float)) + share
  columns, slopes = [np.ones(len(y))], []
  for name in ("relative_lr", "rank"):
    x = np.log(frame[name].to_numpy(float))
    slopes.append(np.ptp(x) > 1e-9)
    columns += [x] if slopes[-1] else []
  design = np.stack(columns, axis=1)
  solution, *_ = np.linalg.lstsq(design, y, rcond=None)
  residual = y - design @ solution
  spread = np.sqrt(np.sum(residual**2) / max(len(y) - design.shape[1], 1))
  powers = list(solution[1:])
  rate, rank = (powers.pop(0) if moves else 0.0 for moves in slopes)
  return float(solution[0]), float(rate), float(rank), float(spread)
