"""The trial: new tasks predicted from k examples, over seeds and methods.

As Jin & Ren's: each test task alone, beside the training rows, k of its cells
measured, the rest predicted; errors pooled over tasks, means and deviations
over seeds. Whatever is chosen is chosen on the training rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import time

import numpy as np

from forgetting.associations import metrics
from forgetting.associations.baselines import (
  Additive,
  ExampleMean,
  Frequency,
  Knn,
)
from forgetting.associations.choice import CHOICES, Chooser, choosers
from forgetting.associations.completion import (
  Method,
  Predictor,
  predict_measured,
)
from forgetting.associations.kriging import Kriging, KrigingT
from forgetting.associations.matrix import ForgettingMatrix, fill
from forgetting.associations.scoring import Truth
from forgetting.associations.soft_impute import SoftImpute
from forgetting.associations.stacking import FittedStack, Stacked
from forgetting.config import InputError

DEFAULT = "stacked"
PARTS = ("additive", "knn", "kriging", "kriging_t")  # of the default
METHODS = (
  ExampleMean(),
  Additive(),
  Knn(),
  SoftImpute(),
  Kriging(),
  KrigingT(),
)


@dataclasses.dataclass(frozen=True)
class Split:
  """Which rows are trained on, and which are new tasks.

  Attributes:
    train: [n] positions of rows.
    test: [t] positions of rows.
  """

  train: np.ndarray
  test: np.ndarray


@dataclasses.dataclass(frozen=True)
class Trial:
  """What came out.

  Attributes:
    prediction: method -> metric -> mean over seeds, and `<metric>_sd`.
    choices: rule of choice -> the same for the default method, with
      `rmse_x100_unchosen`: on columns that no rule has measured; and
      `unchosen_above_random`: that less random choice's, paired by seed.
    tuned: method -> its hyper-parameters.
    default: the method to use: `DEFAULT`, or of a binary matrix `frequency`
      where that has the higher F1 on training tasks left out.
    top: largest variances that the mixed rule takes.
    coverage: share of unmeasured cells within the stack's 90 % interval; NaN
      of a binary matrix, for which an interval says nothing.
    far: new tasks that surprise more than any training task left out, by what
      is measured first of them.
    seconds: method -> of tuning, and of predicting one seed.
  """

  prediction: dict[str, dict[str, float]]
  choices: dict[str, dict[str, float]]
  tuned: dict[str, dict[str, float]]
  default: str
  top: int
  coverage: float
  far: tuple[str, ...]
  seconds: dict[str, dict[str, float]]


def split(
  matrix: ForgettingMatrix,
  *,
  train: Sequence[int] = (),
  test: Sequence[int] = (),
) -> Split:
  """Rows as asked for; what is not said is the rest.

  Without either, a fifth of the tasks is new. A task's repeats with other
  seeds stay together, and so do the tasks of a domain where there are five
  domains or more.

  Args:
    matrix: to split.
    train, test: the matrix's numbers of rows: those of the file, where rows
      without a measured cell count too.

  Raises:
    InputError: a row that is not there, one on both sides, or none on one.
  """
  count, numbers = len(matrix.values), matrix.numbers.tolist()
  for row in (*train, *test):
    if not 0 <= row <= max(numbers):
      raise InputError(f"row {row}: expected 0 to {max(numbers)}, the matrix's")
    if row not in numbers:
      raise InputError(
        f"row {row}: found nothing measured in it, expected a row with numbers"
      )
  both = sorted({*train} & {*test})
  if both:
    raise InputError(
      f"row {both[0]} is in the train rows and in the test rows, expected one"
    )
  train, test = ([numbers.index(row) for row in part] for part in (train, test))
  rows = np.arange(count)
  if not (len(train) or len(test)):
    drawn = _drawn(matrix)
    train, test = rows[~drawn], rows[drawn]
  # in the order given, each once: the order of rows changes no score
  chosen_train = dict.fromkeys(train) if len(train) else {*rows} - {*test}
  chosen_test = dict.fromkeys(test) if len(test) else {*rows} - {*train}
  if not (chosen_train and chosen_test):
    raise InputError(
      f"found {count} tasks, {len(chosen_train)} to train on and"
      f" {len(chosen_test)} to test, expected one or more of each"
    )
  return Split(
    np.array([*chosen_train], dtype=int), np.array([*chosen_test], dtype=int)
  )


def _drawn(matrix: ForgettingMatrix) -> np.ndarray:
  """Whether a row is a new task, [M], by chance with a fixed seed."""
  families = np.unique(matrix.families)
  words = matrix.families if len(families) >= 5 else matrix.repeats
  groups = np.unique(words)
  if len(groups) < 2:
    return np.zeros(len(words), bool)
  drawn = np.random.default_rng(0).permutation(groups)
  return np.isin(words, drawn[: max(len(groups) // 5, 1)])


def run(
  matrix: ForgettingMatrix,
  rows: Split,
  *,
  known: int = 30,
  seeds: int = 10,
  choose: str = "random",
  peers: Sequence[Method] = (),
) -> Trial:
  """Tunes and tries every method.

  Args:
    matrix: whose rows are predicted.
    rows: which are trained on, and which are new.
    known: k, examples measured of a new task.
    seeds: how often examples are drawn anew.
    choose: the rule by which they are chosen, of `CHOICES`.
    peers: methods to try beside our own.

  Raises:
    InputError: a number or a rule that cannot be.
  """
  _check(matrix, known=known, seeds=seeds, choose=choose)
  train = fill(matrix.values[rows.train])
  truth = matrix.values[rows.test]
  trial = Truth(matrix.binary, train, truth, known)
  tuned, seconds = {}, {}
  for method in (*_ours(matrix), *peers):
    start = time.perf_counter()
    tuned[method.name] = method.tuned(train, known=known)
    seconds[method.name] = {"tuning": time.perf_counter() - start}
  start = time.perf_counter()
  tuned[DEFAULT] = Stacked(tuple(tuned[name] for name in PARTS)).tuned(
    train, known=known, families=matrix.families[rows.train]
  )
  seconds[DEFAULT] = {"tuning": time.perf_counter() - start}
  default = trial.default(tuned[DEFAULT], Frequency())
  rules = choosers(train, count=known, method=tuned["kriging_t"])
  drawn = [rules[choose].choose(known, seed=seed) for seed in range(seeds)]
  by_seed, fitted = {}, {}
  for name, method in tuned.items():
    fitted[name] = method.fit(train)
    start = time.perf_counter()
    by_seed[name] = trial.scores(method, fitted[name], drawn)
    seconds[name]["seed"] = (time.perf_counter() - start) / seeds
  stack = fitted[DEFAULT]
  far = _far(stack, truth, drawn[0])
  return Trial(
    prediction={
      name: _summary(scores) | _paired(scores, by_seed[default])
      for name, scores in by_seed.items()
    },
    choices=_compare_choices(fitted[default], rules, truth, known, seeds),
    tuned={name: method.told() for name, method in tuned.items()},
    default=default,
    top=rules["mixed"].top,
    coverage=np.nan if matrix.binary else _coverage(stack, truth, drawn),
    far=tuple(map(str, matrix.tasks[rows.test][far])),
    seconds=seconds,
  )


def _ours(matrix: ForgettingMatrix) -> tuple[Method, ...]:
  """The methods; of a binary matrix the mean has the name of a frequency."""
  if not matrix.binary:
    return METHODS
  return (Frequency(), *METHODS[1:])


def _check(matrix, *, known: int, seeds: int, choose: str) -> None:
  columns = matrix.shape[1]
  if not 1 <= known < columns:
    raise InputError(
      f"known: found {known}, expected 1 to {columns - 1}: the matrix has"
      f" {columns} examples"
    )
  if seeds < 1:
    raise InputError(f"seeds: found {seeds}, expected 1 or more")
  if choose not in CHOICES:
    raise InputError(f"choose: found {choose!r}, expected one of {CHOICES}")


def _compare_choices(
  fitted: Predictor,
  rules: Mapping[str, Chooser],
  truth: np.ndarray,
  known: int,
  seeds: int,
) -> dict[str, dict[str, float]]:
  """Every rule, also on the columns that none of them has measured."""
  out, scored = {how: [] for how in rules}, {}
  for seed in range(seeds):
    chosen = {h: r.choose(known, seed=seed) for h, r in rules.items()}
    rest = np.delete(
      np.arange(truth.shape[1]), np.concatenate([*chosen.values()])
    )
    for how, columns in chosen.items():
      row = predict_measured(fitted, columns, truth[:, columns])
      unchosen = metrics.rmse_x100(truth[:, rest], row[:, rest])
      key = columns.tobytes()  # some rules choose the same for every seed
      if key not in scored:
        scored[key] = metrics.scores(truth, row, columns)
      out[how].append(scored[key] | {"rmse_x100_unchosen": unchosen})
  for scores in out.values():
    for own, random in zip(scores, out["random"], strict=True):
      above = own["rmse_x100_unchosen"] - random["rmse_x100_unchosen"]
      own["unchosen_above_random"] = above
  return {how: _summary(scores) for how, scores in out.items()}


def _summary(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
  out = {}
  for name in scores[0]:
    values = np.array([score[name] for score in scores])
    out[name] = float(values.mean())
    out[f"{name}_sd"] = float(values.std(ddof=1)) if len(values) > 1 else 0.0
  return out


def _paired(scores, default) -> dict[str, float]:
  """RMSE x 100 above the default method's, seed by seed."""
  pairs = zip(scores, default, strict=True)
  above = np.array([a["rmse_x100"] - b["rmse_x100"] for a, b in pairs])
  return {
    "above_default_x100": float(above.mean()),
    "above_default_x100_sd": float(above.std(ddof=1))
    if len(above) > 1
    else 0.0,
  }


def _coverage(
  stack: FittedStack, truth: np.ndarray, drawn: Sequence[np.ndarray]
) -> float:
  """Over tasks with every drawn cell measured, and over draws."""
  shares = []
  for known in drawn:
    values = truth[:, known]
    told = ~np.isnan(values).any(1)
    rest = np.delete(np.arange(truth.shape[1]), known)
    error = np.abs(truth[told] - stack.predict(known, values[told]))[:, rest]
    seen = ~np.isnan(error)
    inside = error <= stack.widths(known, values[told])[:, rest]
    shares.append(inside[seen].mean() if seen.any() else np.nan)
  return float(np.nanmean(shares)) if np.isfinite(shares).any() else np.nan


def _far(stack: FittedStack, truth, known) -> np.ndarray:
  """Whether a new task is far from home, by its measured cells, [t]."""
  out = np.zeros(len(truth), bool)
  for row, values in enumerate(truth[:, known]):
    seen = ~np.isnan(values)
    [out[row]] = stack.far(known[seen], values[None, seen])
  return out
