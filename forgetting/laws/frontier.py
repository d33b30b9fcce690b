"""Remedies against forgetting at one target loss, in one currency.

Every run's curve, and every way between base and its best, is a path of
target loss and forgetting. A remedy is compared with plain fine-tuning where
both have the same target loss, and told as the injection that would do as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import math
import typing

import numpy as np

from forgetting.config import InputError
from forgetting.config.method import FULL, Method

CELL = ["domain", "model_params", "target_tokens"]
PLAIN, INJECTION = "plain", "injection"
PROGRESS = 0.95  # of plain fine-tuning's way to its best


@dataclasses.dataclass(frozen=True)
class Path:
  """Of one run, from base on; entry 0 is base.

  Attributes:
    remedy: what it does against forgetting: a kind, as in "lora".
    arm: the same with its strength; seeds are trials of one arm.
    run: its name.
    target: target losses, nats a token.
    forgetting: nats a token.
    error: standard errors of it; NaN where they are not told.
    work: FLOPs so far, in tokens of plain training.
  """

  remedy: str
  arm: str
  run: str
  target: np.ndarray
  forgetting: np.ndarray
  error: np.ndarray
  work: np.ndarray

  def at(self, target: float) -> tuple[float, float, float] | None:
    """Forgetting, its error and the work where a target loss is first had.

    Between two evaluations both losses are taken as straight lines.

    Args:
      target: nats a token.

    Returns:
      None: the path does not get there.
    """
    there = np.flatnonzero(self.target <= target)
    if not len(there):
      return None
    last = int(there[0])
    if not last:
      return 0.0, 0.0, 0.0
    above, below = self.target[last - 1], self.target[last]
    part = (above - target) / (above - below)
    forgetting, error, work = (
      values[last - 1] + part * (values[last] - values[last - 1])
      for values in (self.forgetting, self.error, self.work)
    )
    return float(forgetting), float(error), float(work)


@dataclasses.dataclass(frozen=True)
class Arm:
  """What the trials of one arm have at the matched target loss.

  Attributes:
    remedy, arm: as of `Path`.
    runs: trials; `reached` of them have the target loss.
    forgetting: mean of those, nats a token; NaN where none has.
    error: its standard error: between seeds, or of a single run's sequences.
    work: mean, in tokens of plain training.
    removed: of plain fine-tuning's forgetting.
    worth: injection that would do as much; NaN where no injection was tried,
      infinite where more than was tried.
  """

  remedy: str
  arm: str
  runs: int
  reached: int
  forgetting: float
  error: float
  work: float
  removed: float = math.nan
  worth: float = math.nan


@dataclasses.dataclass(frozen=True)
class Frontier:
  """Of one cell: a domain, a model size, a number of target tokens.

  Attributes:
    cell: their values, in the order of `CELL`.
    target: matched target loss, nats a token.
    arms: all of them, plain first.
    best: of each remedy the arm that forgets least there.
    hull: (target loss, forgetting, arm) of the lower convex hull of all points
      of all paths.
  """

  cell: tuple
  target: float
  arms: tuple[Arm, ...]
  best: tuple[Arm, ...]
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
      "remedies: found no plain fine-tuning (full, injection 0) with an"
      " evaluation after base, expected one to compare with"
    )
  return out


def paths_of(curves, blends=None) -> dict[tuple, list[Path]]:
  """Cell -> the paths of its runs: see `frontiers`."""
  if "domain" not in curves:
    return {}
  curves = curves[curves["domain"].notna()]
  if "replay" in curves:
    curves = curves[curves["replay"].isna()]
  usual = _usual(curves)
  out: dict[tuple, list[Path]] = {}
  names: dict[str, tuple[str, str]] = {}
  for (_, run), rows in curves.groupby(["study", "run"], sort=True):
    rows = rows.sort_values("step")
    rows = rows[np.isfinite(rows[["target_loss", "pretrain_loss"]]).all(axis=1)]
    if len(rows) < 2:
      continue
    first = rows.iloc[0]
    remedy, arm = names[str(run)] = _named(first, usual)
    path = Path(
      remedy,
      arm,
      str(run),
      rows["target_loss"].to_numpy(float),
      (rows["pretrain_loss"] - first["pretrain_loss"]).to_numpy(float),
      _errors(rows),
      rows["tokens"].to_numpy(float) * _passes(first["method"]) / 3,
    )
    out.setdefault(_cell(first), []).append(path)
  for cell, path in _between(blends, names):
    out.setdefault(cell, []).append(path)
  return out


def _errors(rows) -> np.ndarray:
  if "forgetting_standard_error" not in rows:
    return np.full(len(rows), math.nan)
  return rows["forgetting_standard_error"].to_numpy(float)


def _between(blends, names) -> Iterator[tuple[tuple, Path]]:
  """Averages of plain runs with base, and their largest changes alone."""
  if blends is None or not len(blends):
    return
  for (_, run, remedy), rows in blends.groupby(["study", "run", "remedy"]):
    if names.get(str(run), ("",))[0] != PLAIN:
      continue
    rows = rows.sort_values("target_loss", ascending=False)
    yield (
      _cell(rows.iloc[0]),
      Path(
        str(remedy),
        str(remedy),
        str(run),
        rows["target_loss"].to_numpy(float),
        rows["forgetting"].to_numpy(float),
        rows["forgetting_standard_error"].to_numpy(float),
        np.full(len(rows), math.nan),  # that of the run, whole
      ),
    )


def _cell(row) -> tuple:
  return tuple(row[name] for name in CELL)


def _usual(curves) -> tuple:
  """Optimizer and learning rate of plain runs: those of most full ones."""
  full = curves[curves["method"] == FULL.word]
  full = full.drop_duplicates(["study", "run"])
  if not len(full):
    return ()
  injected = full[full["injection"] > 0]
  among = injected if len(injected) else full
  counts = among.groupby(["optimizer", "peak_lr"]).size()
  return tuple(counts.idxmax())


def _named(row, usual: tuple) -> tuple[str, str]:
  """Remedy and arm of a run: all in which it differs from a plain one."""
  kinds, words = [], []
  if row["method"] != FULL.word:
    kinds.append(_kind(row["method"]))
    words.append(row["method"])
  own = row["optimizer"], row["peak_lr"]
  if own != usual:
    same = own[:1] == usual[:1]
    # a method has its own learning rate: that is no remedy of its own
    kinds += [] if kinds else ["lr" if same else own[0]]
    words.append(f"lr {own[1]:g}" if same else f"{own[0]} {own[1]:g}")
  if row["injection"] > 0:
    kinds.append(INJECTION)
    words.append(f"p {row['injection']:g}")
  return " + ".join(kinds) or PLAIN, ", ".join(words) or PLAIN


def _kind(word: str) -> str:
  return word.split("-")[0]


def _passes(word: str) -> int:
  """Passes through the model that a step by a method takes; 3 of a full one."""
  known = {cls.kind: cls.passes for cls in typing.get_args(Method)}
  return known.get(_kind(word), 3)


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
  injected = _by_injection(arms)
  told = [
    dataclasses.replace(
      arm,
      removed=reference.forgetting - arm.forgetting,
      worth=_worth(arm.forgetting, injected),
    )
    for arm in arms
  ]
  told.sort(key=lambda arm: (arm.remedy != PLAIN, arm.remedy, arm.arm))
  return Frontier(cell, target, tuple(told), _best(told), _hull(paths))


def _arm(remedy: str, arm: str, trials: Sequence[Path], target: float) -> Arm:
  found = [there for path in trials if (there := path.at(target))]
  if not found:
    return Arm(remedy, arm, len(trials), 0, math.nan, math.nan, math.nan)
  forgetting, errors, work = np.array(found).T
  error = float(errors[0])
  if len(found) > 1:
    error = float(forgetting.std(ddof=1) / len(found) ** 0.5)
  return Arm(
    remedy,
    arm,
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


def _by_injection(arms: Sequence[Arm]) -> tuple[np.ndarray, np.ndarray]:
  """Injections that were tried, 0 first, and the forgetting of each."""
  points = sorted(
    (0.0 if arm.remedy == PLAIN else float(arm.arm[2:]), arm.forgetting)
    for arm in arms
    if arm.remedy in (PLAIN, INJECTION) and arm.reached == arm.runs
  )
  levels, forgetting = np.array(points).reshape(-1, 2).T
  return levels, np.minimum.accumulate(forgetting)


def _worth(forgetting: float, injected) -> float:
  """The injection at which forgetting is as low, straight between levels."""
  levels, known = injected
  if len(levels) < 2 or levels[0] != 0 or not math.isfinite(forgetting):
    return math.nan
  if forgetting >= known[0]:
    return 0.0
  if forgetting < known[-1]:
    return math.inf
  last = int(np.argmax(known <= forgetting))
  part = (known[last - 1] - forgetting) / (known[last - 1] - known[last])
  return float(levels[last - 1] + part * (levels[last] - levels[last - 1]))


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
