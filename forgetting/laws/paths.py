"""What a run's curve is to a comparison: a path of target loss and forgetting.

Every run's curve, and every way between base and its best, is such a path; its
remedy is all in which the run differs from plain fine-tuning of its cell.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import math
import typing

import numpy as np

from forgetting.config.method import FULL, Method
from forgetting.config.replay_source import OWN
from forgetting.records import bottom, methods

CELL = ["domain", "model_params", "target_tokens"]
PLAIN, INJECTION = "plain", "injection"
AXES = ("injection", "peak_lr", "method", "optimizer")


@dataclasses.dataclass(frozen=True)
class Reading:
  """What a path has where a target loss is first had.

  Attributes:
    forgetting, error: nats a token, and its standard error.
    work: FLOPs until there, in tokens of plain training; NaN of a path
      between base and best, which costs the run whole.
    tokens: of all batches until there.
  """

  forgetting: float
  error: float
  work: float
  tokens: float


@dataclasses.dataclass(frozen=True)
class Path:
  """Of one run, from base on; entry 0 is base.

  Attributes:
    remedy: what it does against forgetting: a kind, as in "lora".
    arm: the same with its strength; seeds are trials of one arm.
    run: its name.
    axes: of the run: injection, peak_lr, method, optimizer.
    base: pretraining loss of base, nats a token; NaN between base and best.
    target: target losses, nats a token.
    forgetting: nats a token.
    error: standard errors of it; NaN where they are not told.
    tokens: of all batches so far; NaN between base and best.
    passes: that a step takes through the model; 3 of plain training.
    steps: of each entry; weights of best between base and it.
  """

  remedy: str
  arm: str
  run: str
  axes: typing.Mapping
  base: float
  target: np.ndarray
  forgetting: np.ndarray
  error: np.ndarray
  tokens: np.ndarray
  passes: int
  steps: np.ndarray

  def at(self, target: float) -> Reading | None:
    """Reads the path where a target loss is first had.

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
      return Reading(0.0, 0.0, 0.0, 0.0)
    above, below = self.target[last - 1], self.target[last]
    part = (above - target) / (above - below)
    forgetting, error, tokens = (
      float(values[last - 1] + part * (values[last] - values[last - 1]))
      for values in (self.forgetting, self.error, self.tokens)
    )
    return Reading(forgetting, error, tokens * self.passes / 3, tokens)

  def stop(self) -> tuple[int, int]:
    """Entries of the lowest target loss, and of the one-standard-error stop.

    The second is the earliest evaluation that is within one standard error of
    the bottom of the U-curve: see `records.bottom`.
    """
    known = (self.steps, self.target, self.forgetting)
    found = bottom.bottom(*(values.tolist() for values in known))
    return found.at, found.one_error


def paths_of(curves, blends=None) -> dict[tuple, list[Path]]:
  """Reads the paths of all runs, and between base and best of some.

  Args:
    curves: a data frame, one row an evaluation: `records.curves`.
    blends: one row a point between base and best: `records.blends`; None.

  Returns:
    cell, as of `CELL` -> its paths; runs that choose what to replay, that
    are controls, or have no evaluation after base are left out.
  """
  if "domain" not in curves:
    return {}
  curves = methods.by_chance(curves[curves["domain"].notna()])
  usual = usual_of(curves)
  out: dict[tuple, list[Path]] = {}
  names: dict[str, tuple[str, str]] = {}
  for (_, run), rows in curves.groupby(["study", "run"], sort=True):
    rows = rows.sort_values("step")
    rows = rows[np.isfinite(rows[["target_loss", "pretrain_loss"]]).all(axis=1)]
    if len(rows) < 2:
      continue
    first = rows.iloc[0]
    known = usual.get(cell_of(first), ())
    remedy, arm = names[str(run)] = named(first, known)
    path = Path(
      remedy,
      arm,
      str(run),
      {name: first[name] for name in AXES},
      float(first["pretrain_loss"]),
      rows["target_loss"].to_numpy(float),
      (rows["pretrain_loss"] - first["pretrain_loss"]).to_numpy(float),
      _errors(rows),
      rows["tokens"].to_numpy(float),
      _passes(first["method"]),
      rows["step"].to_numpy(float),
    )
    out.setdefault(cell_of(first), []).append(path)
  for cell, path in _between(blends, names):
    out.setdefault(cell, []).append(path)
  return out


def _errors(rows) -> np.ndarray:
  if "forgetting_standard_error" not in rows:
    return np.full(len(rows), math.nan)
  return rows["forgetting_standard_error"].to_numpy(float)


def _between(blends, names) -> Iterator[tuple[tuple, Path]]:
  """Averages of runs with base, and their largest changes alone.

  Of plain runs and of those that inject. In the order in which they leave
  base: an average may learn more than best itself, which has its loss again.
  """
  if blends is None or not len(blends):
    return
  for (_, run, remedy), rows in blends.groupby(["study", "run", "remedy"]):
    kinds, words = names.get(str(run), ("", ""))
    if not is_blended(kinds):
      continue
    after = kinds != PLAIN
    rows = rows.sort_values("strength")
    yield (
      cell_of(rows.iloc[0]),
      Path(
        f"{remedy} + {kinds}" if after else str(remedy),
        f"{remedy}, {words}" if after else str(remedy),
        str(run),
        {name: rows.iloc[0].get(name) for name in AXES},
        math.nan,
        rows["target_loss"].to_numpy(float),
        rows["forgetting"].to_numpy(float),
        rows["forgetting_standard_error"].to_numpy(float),
        np.full(len(rows), math.nan),
        3,
        rows["strength"].to_numpy(float),
      ),
    )


def is_blended(remedy: str) -> bool:
  """Whether what lies between base and best is read of runs by a remedy.

  Args:
    remedy: as of `Path`.

  Returns:
    yes of plain fine-tuning and of injection; what averaging adds to others
    nobody asks.
  """
  return remedy.split(" from ")[0] in (PLAIN, INJECTION)


def blended_of(curves) -> list[str]:
  """Names the runs whose way from base to best is measured, plain ones first.

  Of those that inject only the parent's own corpus: it is minutes a run.

  Args:
    curves: as of `paths_of`.
  """
  found = [path for of_cell in paths_of(curves).values() for path in of_cell]
  found = [path for path in found if path.remedy in (PLAIN, INJECTION)]
  return [
    p.run for p in sorted(found, key=lambda p: (p.remedy != PLAIN, p.run))
  ]


def cell_of(row) -> tuple:
  """The cell of a run, as of `CELL`, by a row with its columns."""
  return tuple(row[name] for name in CELL)


def usual_of(table) -> dict[tuple, tuple]:
  """Tells method, optimizer and learning rate of plain runs.

  Args:
    table: a data frame, one row a run or an evaluation.

  Returns:
    cell -> (method, optimizer, peak_lr): those of most full fine-tunings, or
    of the method of most runs where none is full; each cell has its own, as
    rates differ by size.
  """
  out = {}
  for cell, rows in table.drop_duplicates(["study", "run"]).groupby(CELL):
    counts = rows["method"].value_counts().sort_index()
    word = FULL.word if FULL.word in counts else counts.idxmax()
    of_method = methods.settings(rows[rows["method"] == word])
    out[cell] = (word, *of_method.index[0])
  return out


def named(row, usual: tuple) -> tuple[str, str]:
  """Tells all in which a run differs from a plain one.

  Args:
    row: with method, optimizer, peak_lr, injection; and replay_source, where
      text may be injected that is not the parent's own.
    usual: method, optimizer and learning rate of a plain one.

  Returns:
    remedy and arm, as of `Path`.
  """
  kinds, words = [], []
  method, *plain = usual or (FULL.word,)
  if row["method"] != method:
    kinds.append(_kind(row["method"]))
    words.append(row["method"])
  own = [row["optimizer"], row["peak_lr"]]
  if own != plain:
    same = own[:1] == plain[:1]
    # a method has its own learning rate: that is no remedy of its own
    kinds += [] if kinds else ["lr" if same else _scheduled(own[0])]
    words.append(f"lr {own[1]:g}" if same else f"{own[0]} {own[1]:g}")
  if row["injection"] > 0:
    source = row.get("replay_source")
    other = isinstance(source, str) and source not in ("", OWN)
    where = f" from {source}" if other else ""
    kinds.append(INJECTION + where)
    words.append(f"p {row['injection']:g}{where}")
  return " + ".join(kinds) or PLAIN, ", ".join(words) or PLAIN


def _kind(word: str) -> str:
  return word.split("-")[0]


def _scheduled(optimizer: str) -> str:
  """Kind and schedule: how far Muon's rates are apart is a strength."""
  return "-".join(optimizer.split("-")[:2])


def _passes(word: str) -> int:
  """Passes through the model that a step by a method takes; 3 of a full one."""
  known = {cls.kind: cls.passes for cls in typing.get_args(Method)}
  return known.get(_kind(word), 3)
