"""Decisions: how much to inject, with intervals and honest limits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forgetting.config import InputError
from forgetting.laws import measured
from forgetting.laws.advice import Advice, percent
from forgetting.laws.advisors import name_of
from forgetting.laws.budget import Budget, check
from forgetting.laws.curve import Curve
from forgetting.laws.fitted import Fit
from forgetting.laws.intervals import quantile, tails
from forgetting.laws.invert import (
  FAR,
  beyond,
  depends_on,
  forgetting_at,
  injection_needed,
  model_params_needed,
  target_tokens_allowed,
)
from forgetting.laws.stands import Stands
from forgetting.laws.tolerance import UNITS, from_nats, in_nats
from forgetting.laws.trials import spread_at

SAME = 0.01  # of a size, that another may differ by and be the same
SEED = 2  # of what a form may be off by, one number a draw


def advise(
  source,
  *,
  model_params: float,
  target_tokens: float,
  tolerance: float,
  domain: str | None = None,
  law: str | None = None,
  free: tuple[str, ...] = (),
  fixed: Mapping[str, float] | None = None,
  loss: str = "huber",
  level: float = 0.95,
  columns: Mapping[str, str] | None = None,
  unit: str = "loss",
  curve: Curve | None = None,
  flops: float | None = None,
  epochs: float | None = None,
  far: bool = False,
) -> Advice:
  """Tells how much pretraining data to inject.

  Args:
    source: a table (as for `fit`), or a Fit or Fits of a forgetting law.
    model_params, target_tokens: of the fine-tuning that is planned.
    tolerance: forgetting tolerated, in `unit`.
    unit: loss (nats per token), percent (of the base loss) or progress
      (percent of pretraining progress lost, which needs its curve).
    curve: the pretraining curve of the base model.
    flops: tells as well which size and injection a fine-tuning of that
      compute should have.
    epochs: passes over the target tokens that are planned; by default those
      of the table's runs.
    domain: which domain; may be left out when there is one.
    law, free: for a table, the law to fit; by default the form of the
      forgetting law that missed least at such a distance: see `advisors`.
    fixed, loss: as for `fit`, of a table.
    level: of the intervals.
    columns: as for `fit`, of a table.
    far: answers questions further than 30 times outside the data as well.

  Raises:
    InputError: a size, an amount, a tolerance or a unit that cannot be; a
      domain that is not there; a table that no form can be fitted to; a
      question too far outside the data.
  """
  check(model_params=model_params, target_tokens=target_tokens)
  if epochs is not None:
    check(epochs=epochs)
  check(tolerance=tolerance)
  point = {"N": float(model_params), "D": float(target_tokens)}
  fits = Stands.of(
    source,
    domain=domain,
    law=law,
    free=free,
    columns=columns,
    epochs=epochs,
    fixed=fixed,
    loss=loss,
  )
  choice = fits.choose(point)
  fitted = choice.fit
  if not far:
    _refuse_far(beyond(fitted, point))

  known: dict = dict(base_loss=fitted.base_loss(model_params), curve=curve)
  tolerance = in_nats(tolerance, unit, **known)
  units = [name for name in UNITS if name != "progress" or curve is not None]
  passes = epochs or fits.passes(target_tokens)
  budget = None
  if flops is not None:
    asked = dict(flops=flops, target_tokens=target_tokens)
    asked["epochs"] = passes
    budget = Budget.of(
      fitted, fits.target, tolerance=tolerance, level=level, **asked
    )
  center = fitted.x[None]
  draws = fitted.draws()
  without = float(forgetting_at(fitted, center, point, 0.0)[0])
  spread = spread_at(fitted, point, without)
  off = spread * off_by(len(draws))
  every, left = np.vstack([center, draws]), tolerance - np.append(0.0, off)
  best, *needed = injection_needed(fitted, every, point, left).tolist()
  ends = tails(level)
  low, high = quantile(needed, ends)
  none = forgetting_at(fitted, draws, point, 0.0) + off
  without_low, without_high = quantile(none, ends)
  cell = measured.of_cell(fitted, point)
  best, low, high, told = _beside_runs(
    fitted, point, tolerance, cell, (best, low, high)
  )
  used = min(best, 1.0)
  told += _of_another_size(curve, model_params) if unit == "progress" else []
  cautions = [*told, *fits.cautions(choice, point, tolerance, (low, high))]
  return Advice(
    domain=fits.domain or "",
    model_params=float(model_params),
    target_tokens=float(target_tokens),
    tolerance=float(tolerance),
    level=level,
    injection=best,
    low=float(low),
    high=float(high),
    feasible=float(np.mean(np.isfinite(needed))),
    without=without,
    without_low=float(without_low),
    without_high=float(without_high),
    reached=float(forgetting_at(fitted, center, point, used)[0]),
    target_loss=_target_loss(fits.target, point, ends),
    beyond=beyond(fitted, {**point, "p": used}),
    cautions=tuple(cautions),
    law=name_of(fitted),
    error=choice.trial.error,
    tried=choice.trial.where,
    trained=_trained(fitted, point, used),
    tolerances={name: from_nats(tolerance, name, **known) for name in units},
    passes=float(passes),
    budget=budget,
    instead=_instead(fitted, point, tolerance, level) if best > 0 else {},
  )


def off_by(count: int) -> np.ndarray:
  """What the form may be off by in each draw, in units of its spread.

  Args:
    count: how many draws.

  Returns:
    [count], normal, as float32 keeps them: the page has the same.
  """
  drawn = np.random.default_rng(SEED).normal(size=count)
  return drawn.astype(np.float32).astype(float)


def _of_another_size(curve: Curve | None, model_params: float) -> list[str]:
  if curve is None or not abs(curve.model_params / model_params - 1) > SAME:
    return []
  return [
    "progress is that of the pretraining of"
    f" {curve.model_params:,.0f} parameters, the nearest that there is"
  ]


def _refuse_far(factors: Mapping[str, float]):
  for axis, factor in factors.items():
    if factor > FAR:
      raise InputError(
        f"{axis}: found a question {factor:.3g} times outside the data,"
        f" expected at most {FAR:g} times: add runs nearer to it, or take the"
        " number for what it is with --far (far=True)"
      )


def _trained(fitted: Fit, point, injection: float) -> float | None:
  if fitted.schedule is None:
    return None
  return float(fitted.schedule.trained(point["N"], point["D"], injection))


def _beside_runs(fitted: Fit, point, tolerance, cell, answer):
  """The law's answer, moved between the cell's own runs where they bracket it.

  Returns:
    injection, low, high, and a list with what there is to say.
  """
  best, low, high = answer
  found = measured.bracket(cell, tolerance)
  if found is None or found.holds(best):
    return best, low, high, []
  moved = found.between(tolerance, _scale(fitted, point))
  words = (
    f"the runs of this cell say so: {percent(found.low)} forgot"
    f" {found.over:.3g}, {percent(found.high)} {found.under:.3g} nats; the law"
    f" alone says {percent(best)}"
  )
  return moved, min(low, moved), max(high, moved), [words]


def _scale(fitted: Fit, point) -> float:
  """The injection from which on it counts: 1/B, as a fraction."""
  scale = 1 / fitted.params["B"]
  if fitted.schedule is not None:
    scale /= float(fitted.schedule.trained(point["N"], point["D"], 0.0))
  return scale


def _instead(fitted: Fit, point: dict, tolerance: float, level: float):
  asked = dict(injection=0.0, tolerance=tolerance, level=level)
  out = {}
  if depends_on(fitted, "D", point):
    out["target_tokens"] = target_tokens_allowed(
      fitted, model_params=point["N"], **asked
    )
  if depends_on(fitted, "N", point):
    out["model_params"] = model_params_needed(
      fitted, target_tokens=point["D"], **asked
    )
  return out


def _target_loss(target, point, ends):
  if target is None:
    return None
  values = {symbol: np.full(1, v) for symbol, v in point.items()}
  center = float(target.losses(target.x[None], values)[0, 0])
  low, high = quantile(target.losses(target.draws(), values)[:, 0], ends)
  return center, float(low), float(high)
