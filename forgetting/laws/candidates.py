"""Runs that a plan may add, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from forgetting.config import InputError
from forgetting.laws.fitted import Fit

LEAST_LEVELS = 3
APART = 3  # a factor between injections, by which their effects are told apart
AXES = {"N": "model_params", "D": "target_tokens", "p": "injection"}


@dataclass(frozen=True)
class Cost:
  """FLOPs of one fine-tuning: 6 N epochs D / (1 - p), plus a fixed part.

  Attributes:
    epochs: passes over the target tokens until the best checkpoint.
    fixed: FLOPs of anything that every run costs.
  """

  epochs: float = 10.0
  fixed: float = 0.0

  def __call__(self, point: Mapping[str, float]) -> float:
    """FLOPs of the fine-tuning at a point: N, D and p."""
    tokens = self.epochs * point["D"] / (1 - point["p"])
    return self.fixed + 6 * point["N"] * tokens


def grid(
  model_params: Iterable[float],
  target_tokens: Iterable[float],
  injection: Iterable[float],
) -> list[dict[str, float]]:
  """Makes all combinations, as candidates or targets.

  Args:
    model_params, target_tokens, injection: the levels of each axis.

  Returns:
    points: dicts with N, D and p.
  """
  return [
    {"N": float(n), "D": float(d), "p": float(p)}
    for n, d, p in product(model_params, target_tokens, injection)
  ]


def least_design(candidates, strength: float, cost: Cost) -> list[int]:
  """Finds the cheapest design that identifies a law: 3 x 3 x 3.

  Args:
    candidates: points, as of `grid`.
    strength: about the law's B; an injection near 3/B tells it best.
    cost: of a point.

  Returns:
    indices into the candidates.

  Raises:
    InputError: too few levels of an axis, or none without injection.
  """
  levels = {k: sorted({c[k] for c in candidates}) for k in "NDp"}
  for key, values in levels.items():
    if len(values) < LEAST_LEVELS:
      raise InputError(
        f"candidates: {AXES[key]} has {len(values)} levels, a law needs "
        f"{LEAST_LEVELS}"
      )
  if levels["p"][0] != 0:
    raise InputError("candidates: none has injection 0, a law needs it")
  sizes, tokens = levels["N"][:LEAST_LEVELS], levels["D"][:LEAST_LEVELS]
  positive = sorted(
    levels["p"][1:], key=lambda p: abs(np.log(p * strength / 3))
  )
  chosen = [0.0, *positive[: LEAST_LEVELS - 1]]
  return [
    i
    for i, c in enumerate(candidates)
    if c["N"] in sizes and c["D"] in tokens and c["p"] in chosen
  ]


def star(
  candidates, target: Mapping[str, float], injection: float
) -> list[int]:
  """Finds the few runs that tell each exponent of a law near a question.

  At the size and the amount of text nearest to those in question: nothing
  injected, the injection nearest to the one expected, and the next that is
  APART from it. At the next size, and at the next amount: the first two.

  Args:
    candidates: points, as of `grid`, but not each axis need have each level.
    target: N and D of the question.
    injection: about what the answer will be, above 0.

  Returns:
    indices into the candidates; fewer where an axis has one level.
  """
  here = min(
    candidates, key=lambda c: sum(_away(c[k], target[k]) for k in "ND")
  )
  chosen = []
  for moved in ("", "N", "D"):
    kept = "ND".replace(moved, "")
    beside = [
      c
      for c in candidates
      if all(c[k] == here[k] for k in kept)
      and not (moved and c[moved] == here[moved])
    ]
    if moved and beside:
      level = min(
        (c[moved] for c in beside), key=lambda v: _away(v, here[moved])
      )
      beside = [c for c in beside if c[moved] == level]
    levels = sorted(
      {c["p"] for c in beside} - {0.0}, key=lambda p: _away(p, injection)
    )
    wanted = [0.0, *levels[:1]]
    if not moved:
      wanted += [p for p in levels if _away(p, levels[0]) >= np.log(APART)][:1]
    chosen += [c for c in beside if c["p"] in wanted]
  return [i for i, c in enumerate(candidates) if c in chosen]


def _away(value: float, wanted: float) -> float:
  return abs(np.log(value / wanted))


def default_candidates(fitted: Fit) -> list[dict[str, float]]:
  """Takes a study's own levels, with injections a factor 3 beyond them.

  Args:
    fitted: a fit that still has its data.

  Returns:
    points, as of `grid`.
  """
  values = fitted.own_data.values
  positive = np.unique(values["p"][values["p"] > 0])
  injections = {0.0, *positive}
  if len(positive):
    injections |= {positive[0] / 3, min(3 * positive[-1], 0.5)}
  return grid(
    np.unique(values["N"]), np.unique(values["D"]), sorted(injections)
  )
