"""The cheapest of injection, learning rate and rank that keeps a tolerance.

All at one target loss: 95 % of plain fine-tuning's way to its best. There the
law of the recipe tells the injected tokens that a learning rate and a rank
need, and the tokens until that loss tell what they cost.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

import numpy as np

from forgetting.config import InputError
from forgetting.laws import paths as read
from forgetting.laws.frontier import PROGRESS
from forgetting.laws.intervals import quantile, tails
from forgetting.laws.paths import FULL, PLAIN, Path
from forgetting.laws.recipes import Recipes, fit_recipes, frame_of
from forgetting.laws.worth import BEYOND

AXES = ("injection", "lr", "rank")
LEVEL = 0.95
SEED = 4


@dataclasses.dataclass(frozen=True)
class Recipe:
  """One combination that keeps the tolerance.

  Attributes:
    method: "full" or "lora".
    rate: learning rate, times the usual of full fine-tuning.
    rank: of adapters; None of full fine-tuning.
    injection, low, high: the fraction needed and its 95 % interval; infinite
      where none suffices.
    work, work_low, work_high: FLOPs, as a part of plain fine-tuning's without
      injection, and its interval.
  """

  method: str
  rate: float
  rank: float | None
  injection: float
  low: float
  high: float
  work: float
  work_low: float
  work_high: float


@dataclasses.dataclass(frozen=True)
class Combination:
  """The answer to `forgetting advise --over`.

  Attributes:
    cell: domain, model parameters, target tokens.
    target: target loss, nats a token, that all have.
    tolerance: forgetting there, nats a token.
    usual: the learning rate that `Recipe.rate` is a multiple of.
    best: the cheapest recipe; None where none keeps the tolerance.
    others: the cheapest of each method and rank, by cost.
    unidentified: what the runs do not tell, a line each.
    trials: family -> power -> missed with it and without, nats a token.
  """

  cell: tuple
  target: float
  tolerance: float
  usual: float
  best: Recipe | None
  others: tuple[Recipe, ...]
  unidentified: tuple[str, ...]
  trials: dict


def combine(
  curves,
  *,
  domain: str,
  model_params: float,
  target_tokens: float,
  tolerance: float,
  over: Sequence[str] = AXES,
  progress: float = PROGRESS,
) -> Combination:
  """Finds the cheapest combination that keeps a tolerance.

  Args:
    curves: `records.curves`.
    domain, model_params, target_tokens: a cell whose runs are in it.
    tolerance: forgetting at the target loss, nats a token.
    over: what may be chosen, of `AXES`; the rest is as in plain runs.
    progress: of plain fine-tuning's way to its best: the target loss.

  Raises:
    InputError: another word in `over`, a cell without plain runs, or too few
      runs for any law.
  """
  unknown = [name for name in over if name not in AXES]
  if unknown or not over:
    raise InputError(
      f"--over: found {unknown[0] if unknown else 'nothing'!r}, expected some"
      f" of {', '.join(AXES)}"
    )
  cell, paths = _cell(curves, domain, model_params, target_tokens)
  plain = [path for path in paths if path.remedy == PLAIN]
  if not plain or plain[0].axes["method"] != FULL.word:
    raise InputError(
      f"--over: found no plain, full fine-tuning on {domain}, expected one"
    )
  base, best = (
    float(np.mean([end(path.target) for path in plain]))
    for end in (lambda t: t[0], min)
  )
  target = base + progress * (best - base)
  usual = float(plain[0].axes["peak_lr"])
  families, lines = _families(paths, plain[0], target, usual, over)
  cost = float(families[0].target_tokens(1.0, 1.0)) * 3
  found = [
    recipe
    for family in families
    for rank in family.ranks
    if (recipe := _cheapest(family, rank, tolerance, over, cost))
  ]
  found.sort(key=lambda recipe: recipe.work)
  return Combination(
    cell,
    target,
    tolerance,
    usual,
    found[0] if found else None,
    tuple(found),
    tuple(lines),
    {family.family: family.trials for family in families},
  )


def _cell(curves, domain, model_params, target_tokens):
  cells = read.paths_of(curves)
  for cell, paths in cells.items():
    near = (cell[1] / model_params, cell[2] / target_tokens)
    if cell[0] == domain and all(0.99 < ratio < 1.01 for ratio in near):
      return cell, paths
  known = "; ".join(f"{d}, {n:,.0f}, {t:,.0f}" for d, n, t in sorted(cells))
  raise InputError(
    f"--over: found no runs of {domain}, {model_params:,.0f} parameters,"
    f" {target_tokens:,.0f} target tokens, expected one of the cells that were"
    f" run: {known}"
  )


def _families(paths: Sequence[Path], plain: Path, target, usual, over):
  """The law of full fine-tuning, and of adapters where they may be chosen."""
  same = [p for p in paths if p.axes["optimizer"] == plain.axes["optimizer"]]
  frame = frame_of(same, target, usual)
  full = frame[frame["method"] == FULL.word]
  if "lr" not in over:
    full = full[full["relative_lr"] == 1]
  families = [fit_recipes(full.reset_index(drop=True), FULL.word)]
  lines = list(families[0].unidentified)
  if "rank" not in over:
    return families, lines
  lora = frame[frame["method"].str.fullmatch(r"lora-r\d+")]
  try:
    known = fit_recipes(lora.reset_index(drop=True), "lora", like=families[0])
  except InputError as problem:
    return families, [*lines, str(problem)]
  return [*families, known], [*lines, *known.unidentified]


def _cheapest(
  family: Recipes, rank: float, tolerance: float, over, plain: float
) -> Recipe | None:
  """Of one rank, over the learning rates between those that were tried."""
  rates = np.array(family.rates)
  if "lr" in over and len(rates) > 1 and "lam" in family.trials:
    rates = np.geomspace(rates[0], rates[-1], 41)
  center = family.fit.x[None]
  options = [
    (_cost(family, rate, rank, p, plain), rate, p)
    for rate in rates
    if math.isfinite(
      p := float(_needed(family, center, rate, rank, tolerance, 0.0)[0])
    )
    and (p == 0 or "injection" in over)
  ]
  if not options:
    return None
  work, rate, injection = min(options)
  draws = family.fit.draws()
  noise = np.random.default_rng(SEED).normal(size=len(draws))
  noise *= family.length[-1]
  needed = _needed(family, draws, rate, rank, tolerance, noise)
  low, high = quantile(needed, tails(LEVEL))
  costs = _cost(family, rate, rank, needed, plain) * np.exp(noise)
  work_low, work_high = quantile(costs, tails(LEVEL))
  return Recipe(
    family.family,
    float(rate),
    None if family.family == FULL.word else rank,
    injection,
    float(low),
    float(high),
    float(work),
    float(work_low),
    float(work_high),
  )


def _needed(family: Recipes, x, rate, rank, tolerance, noise) -> np.ndarray:
  """Injections by many fits; infinite beyond the largest that was tried."""
  q = family.fit.natural(x)
  without = q["A"] * rate ** q["lam"] * rank ** q["rho"]
  with np.errstate(over="ignore", divide="ignore"):
    grown = np.maximum(without / tolerance, 1.0) ** (1 / q["c"]) - 1
  injected = grown / q["B"]
  share = injected / (
    injected + family.target_tokens(rate, rank) * np.exp(noise)
  )
  return np.where(
    np.isfinite(share) & (share <= family.most * BEYOND), share, np.inf
  )


def _cost(family: Recipes, rate, rank, injection, plain: float):
  """FLOPs until the target loss, as a part of plain fine-tuning's."""
  tokens = family.target_tokens(rate, rank)
  with np.errstate(divide="ignore"):
    left = np.maximum(1 - np.asarray(injection, float), 0.0)
    return tokens / left * family.passes / plain
