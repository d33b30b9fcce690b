"""Remedies against forgetting at one target loss, in one currency.

A remedy is compared with plain fine-tuning where both have the same target
loss (see `paths`), and told as the injection that would do as much there, by
the law that counts tokens (see `worth`).
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

import numpy as np

from forgetting.config import InputError
from forgetting.laws.paths import INJECTION, PLAIN, Path, paths_of
from forgetting.laws.worth import Currency, Worth

PROGRESS = 0.95  # of plain fine-tuning's way to its best


@dataclasses.dataclass(frozen=True)
class Arm:
  """What the trials of one arm have at the matched target loss.

  Attributes:
    remedy, arm: as of `Path`.
    method: word of the runs' method; "" where no step is taken.
    runs: trials; `reached` of them have the target loss.
    forgetting: mean of those, nats a token; NaN where none has.
    error: its standard error: between seeds, or of a single run's sequences.
    work: mean, in tokens of plain training.
    removed: of plain fine-tuning's forgetting.
    removed_error: its standard error.
    worth: injection that would do as much, by the law that counts tokens; NaN
      where no injection was tried, infinite where more than was tried.
    worth_low, worth_high: its 95 % interval.
  """

  remedy: str
  arm: str
  method: str
  runs: int
  reached: int
  forgetting: float
  error: float
  work: float
  removed: float = math.nan
  removed_error: float = math.nan
  worth: float = math.nan
  worth_low: float = math.nan
  worth_high: float = math.nan


@dataclasses.dataclass(frozen=True)
class Stop:
  """What stopping plain fine-tuning one standard error early does.

  Attributes:
    runs: plain ones, whose means these are.
    target, forgetting: at the bottom of the U-curve, nats a token.
    paid: target loss at the stop less that at the bottom.
    removed: forgetting at the bottom less that at the stop.
    removed_error: its standard error, between seeds; NaN of one.
  """

  runs: int
  target: float
  forgetting: float
  paid: float
  removed: float
  removed_error: float


@dataclasses.dataclass(frozen=True)
class Frontier:
  """Of one cell: a domain, a model size, a number of target tokens.

  Attributes:
    cell: their values, in the order of `CELL`.
    target: matched target loss, nats a token.
    arms: all of them, plain first.
    best: of each remedy the arm that forgets least there.
    stop: the one-standard-error stop, which is no matter of that loss.
    hull: (target loss, forgetting, arm) of the lower convex hull of all points
      of all paths.
  """

  cell: tuple
  target: float
  arms: tuple[Arm, ...]
  best: tuple[Arm, ...]
  stop: Stop
  hull: tuple[tuple[float, float, str], ...]


def frontiers(
  curves, blends=None, *, progress: float = PROGRESS
) -> list[Frontier]:
  """Compares all remedies of a study, cell by cell.

  Args:
    curves: a data frame, one row an evaluation: `records.curves`.
    blends: one row a point between base and best: `records.blends`; None.
    progress: of plain fine-tuning's way from base to its best target loss:
      where remedies are compared.

  Returns:
    one for each cell in which plain fine-tuning was measured.

  Raises:
    InputError: a progress outside (0, 1], or no cell.
  """
  if not 0 < progress <= 1:
    raise InputError(f"--progress: found {progress}, expected within (0, 1]")
  paths = paths_of(curves, blends)
  out = [
    _frontier(cell, of_cell, progress)
    for cell, of_cell in sorted(paths.items())
    if any(path.remedy == PLAIN for path in of_cell)
  ]
  if not out:
    raise InputError(
      "remedies: found no plain fine-tuning (injection 0; full, where any is)"
      " with an evaluation after base, expected one to compare with"
    )
  return out


def _frontier(cell: tuple, paths: Sequence[Path], progress: float) -> Frontier:
  plain = [path for path in paths if path.remedy == PLAIN]
  base = float(np.mean([path.target[0] for path in plain]))
  best = float(np.mean([path.target.min() for path in plain]))
  target = base + progress * (best - base)
  trials: dict[tuple[str, str], list[Path]] = {}
  for path in paths:
    trials.setdefault((path.remedy, path.arm), []).append(path)
  arms = [_arm(*key, of_arm, target) for key, of_arm in trials.items()]
  reference = next(arm for arm in arms if arm.remedy == PLAIN)
  currency = Currency.of(
    cell, [p for p in paths if p.remedy in (PLAIN, INJECTION)], target
  )
  told = [_compared(arm, reference, currency) for arm in arms]
  told.sort(key=lambda arm: (arm.remedy != PLAIN, arm.remedy, arm.arm))
  return Frontier(
    cell, target, tuple(told), _best(told), _stop(plain), _hull(paths)
  )


def _compared(arm: Arm, plain: Arm, currency: Currency) -> Arm:
  worth = currency.worth(arm.forgetting, arm.error)
  if arm.remedy == PLAIN:
    worth = Worth(0.0, 0.0, 0.0)
  return dataclasses.replace(
    arm,
    removed=plain.forgetting - arm.forgetting,
    removed_error=math.hypot(plain.error, arm.error) if arm != plain else 0.0,
    worth=worth.injection,
    worth_low=worth.low,
    worth_high=worth.high,
  )


def _stop(plain: Sequence[Path]) -> Stop:
  ends = [(path, *path.stop()) for path in plain]
  removed = [path.forgetting[b] - path.forgetting[e] for path, b, e in ends]
  error = np.std(removed, ddof=1) / len(ends) ** 0.5 if len(ends) > 1 else None
  return Stop(
    len(ends),
    float(np.mean([path.target[b] for path, b, _ in ends])),
    float(np.mean([path.forgetting[b] for path, b, _ in ends])),
    float(np.mean([path.target[e] - path.target[b] for path, b, e in ends])),
    float(np.mean(removed)),
    math.nan if error is None else float(error),
  )


def _arm(remedy: str, arm: str, trials: Sequence[Path], target: float) -> Arm:
  found = [there for path in trials if (there := path.at(target))]
  stepped = np.isfinite(trials[0].tokens).all()
  method = str(trials[0].axes["method"]) if stepped else ""
  if not found:
    nothing = (math.nan,) * 3
    return Arm(remedy, arm, method, len(trials), 0, *nothing)
  forgetting, errors, work = np.array(
    [(there.forgetting, there.error, there.work) for there in found]
  ).T
  error = float(errors[0])
  if len(found) > 1:
    error = float(forgetting.std(ddof=1) / len(found) ** 0.5)
  return Arm(
    remedy,
    arm,
    method,
    len(trials),
    len(found),
    float(forgetting.mean()),
    error,
    float(work.mean()),
  )


def _best(arms: Sequence[Arm]) -> tuple[Arm, ...]:
  """Of each remedy the arm that forgets least, among those all of whose
  trials have the target loss, if there are any.
  """
  out: dict[str, Arm] = {}
  for arm in arms:
    known = out.get(arm.remedy)
    if known is None or _rank(arm) < _rank(known):
      out[arm.remedy] = arm
  return tuple(out.values())


def _rank(arm: Arm) -> tuple:
  forgetting = arm.forgetting if arm.reached else math.inf
  return arm.reached < arm.runs, forgetting


def _hull(paths: Sequence[Path]) -> tuple[tuple[float, float, str], ...]:
  """Lower left of all points: no mixture of two others is below any of it."""
  points = sorted(
    (float(target), float(forgetting), path.arm)
    for path in paths
    for target, forgetting in zip(path.target, path.forgetting, strict=True)
  )
  out: list[tuple[float, float, str]] = []
  for point in points:
    while len(out) > 1 and _turn(out[-2], out[-1], point) <= 0:
      out.pop()
    out.append(point)
  lowest = min(range(len(out)), key=lambda i: out[i][1], default=0)
  return tuple(out[: lowest + 1])


def _turn(a: tuple, b: tuple, c: tuple) -> float:
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
