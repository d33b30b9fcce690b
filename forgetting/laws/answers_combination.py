"""What the command answers to advise --over: the cheapest combination."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

from forgetting.laws.advice import percent
from forgetting.laws.answers import Report
from forgetting.laws.combination import Combination, Recipe, combine
from forgetting.laws.recipes import AXES


def advise_over(curves, *, over: Sequence[str], **asked) -> Report:
  """Answers `forgetting advise --over`.

  Args:
    curves: `records.curves`.
    over: what may be chosen: injection, lr, rank.
    asked: as for `combination.combine`.

  Raises:
    InputError: as `combination.combine`.
  """
  found = combine(curves, over=over, **asked)
  return Report(_text(found), dataclasses.asdict(found))


def _text(found: Combination) -> str:
  domain, params, tokens = found.cell
  lines = [
    f"{domain}, {params:,.0f} parameters, {tokens:,.0f} target tokens: keep"
    f" forgetting under {found.tolerance:.4g} nats per token at target loss"
    f" {found.target:.4f}"
  ]
  if found.best is None:
    lines.append("  INFEASIBLE: no combination that was tried gets there")
  else:
    lines.append(f"  cheapest: {_recipe(found.best, found.usual)}")
  lines += [
    f"  else {_recipe(recipe, found.usual)}" for recipe in found.others[1:]
  ]
  for family, trials in found.trials.items():
    for power, (with_it, without) in trials.items():
      verdict = "kept" if with_it < without else "not kept"
      lines.append(
        f"  a power of the {AXES[power][1]} of {family}: missed {with_it:.3g}"
        f" nats at ends that were left out, {without:.3g} without it: {verdict}"
      )
  if found.unidentified:
    lines.append(f"  not identified: {'; '.join(found.unidentified)}")
  return "\n".join(lines)


def _recipe(recipe: Recipe, usual: float) -> str:
  method = "full" if recipe.rank is None else f"LoRA of rank {recipe.rank:g}"
  return (
    f"{method}, learning rate {recipe.rate * usual:.3g} ({recipe.rate:.3g} x"
    f" the usual), inject {percent(recipe.injection)} (95 %"
    f" [{percent(recipe.low)}, {percent(recipe.high)}]), {recipe.work:.2f} of"
    f" plain fine-tuning's FLOPs [{recipe.work_low:.2f},"
    f" {_most(recipe.work_high)}]"
  )


def _most(value: float) -> str:
  return f"{value:.2f}" if math.isfinite(value) else "no bound"
