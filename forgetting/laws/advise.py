"""Decisions: how much to inject, with intervals and honest limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from forgetting.config import InputError
from forgetting.laws import table as tables
from forgetting.laws.advice import Advice, percent
from forgetting.laws.advisors import fit_advisors, name_of
from forgetting.laws.budget import Budget, check
from forgetting.laws.curve import Curve
from forgetting.laws.fit import fit
from forgetting.laws.fits import Fits
from forgetting.laws.fitted import Fit
from forgetting.laws.intervals import quantile, tails
from forgetting.laws.invert import (
  beyond,
  forgetting_at,
  injection_needed,
  model_params_needed,
  target_tokens_allowed,
)
from forgetting.laws.law import find
from forgetting.laws.ratio import RatioTest, ratio_test
from forgetting.laws.tolerance import UNITS, from_nats, in_nats


def advise(
  source,
  *,
  model_params: float,
  target_tokens: float,
  tolerance: float,
  domain: str | None = None,
  law: str | None = None,
  free: tuple[str, ...] = (),
  level: float = 0.95,
  columns: Mapping[str, str] | None = None,
  unit: str = "loss",
  curve: Curve | None = None,
  flops: float | None = None,
  epochs: float = 10.0,
) -> Advice:
  """Tells how much pretraining data to inject.

  Args:
    source: a table (as for `fit`), or a Fit or Fits of a forgetting law.
    model_params, target_tokens: of the fine-tuning that is planned.
    tolerance: forgetting tolerated, in `unit`.
    unit: loss (nats per token), percent (of the base loss) or progress
      (percent of pretraining progress lost, which needs its curve).
    curve: the pretraining curve of the base model.
    flops, epochs: tells as well which size and injection a fine-tuning of
      that compute should have, at so many passes over the target tokens.
    domain: which domain; may be left out when there is one.
    law, free: for a table, the law to fit; by default the form of the
      forgetting law with the lowest AICc.
    level: of the intervals.
    columns: as for `fit`, of a table.

  Raises:
    InputError: a size, an amount, a tolerance or a unit that cannot be; a
      domain that is not there; a table that no form can be fitted to.
  """
  check(model_params=model_params, target_tokens=target_tokens)
  if not np.isfinite(tolerance):
    raise InputError(f"tolerance {tolerance}: must be a finite number")
  fitted, paper, target, domain = _fits(source, domain, law, free, columns)
  for symbol in ("N", "D", "p"):
    if symbol not in fitted.law.variables:
      raise InputError(f"law {fitted.law.name} has no {symbol}: take another")

  point = {"N": float(model_params), "D": float(target_tokens)}
  known = {"base_loss": fitted.base_loss(model_params), "curve": curve}
  tolerance = in_nats(tolerance, unit, **known)
  units = [name for name in UNITS if name != "progress" or curve is not None]
  budget = None
  if flops is not None:
    asked = dict(flops=flops, target_tokens=target_tokens, epochs=epochs)
    budget = Budget.of(
      fitted, target, tolerance=tolerance, level=level, **asked
    )
  center = fitted.x[None]
  draws = fitted.draws()
  best = float(injection_needed(fitted, center, point, tolerance)[0])
  needed = injection_needed(fitted, draws, point, tolerance)
  ends = tails(level)
  low, high = quantile(needed, ends)
  none = forgetting_at(fitted, draws, point, 0.0)
  without_low, without_high = quantile(none, ends)
  used = min(best, 1.0)
  return Advice(
    domain=domain or "",
    model_params=float(model_params),
    target_tokens=float(target_tokens),
    tolerance=float(tolerance),
    level=level,
    injection=best,
    low=float(low),
    high=float(high),
    feasible=float(np.mean(np.isfinite(needed))),
    without=float(forgetting_at(fitted, center, point, 0.0)[0]),
    without_low=float(without_low),
    without_high=float(without_high),
    reached=float(forgetting_at(fitted, center, point, used)[0]),
    target_loss=_target_loss(target, point, ends),
    beyond=beyond(fitted, {**point, "p": used}),
    cautions=tuple(_cautions(fitted, paper, point, tolerance)),
    law=name_of(fitted),
    tolerances={name: from_nats(tolerance, name, **known) for name in units},
    budget=budget,
    instead=_instead(fitted, point, tolerance, level),
  )


def _instead(fitted: Fit, point: dict, tolerance: float, level: float):
  asked = dict(injection=0.0, tolerance=tolerance, level=level)
  return {
    "target_tokens": target_tokens_allowed(
      fitted, model_params=point["N"], **asked
    ),
    "model_params": model_params_needed(
      fitted, target_tokens=point["D"], **asked
    ),
  }


def _fits(source, domain, law, free, columns):
  """(forgetting fit, paper's law or None, target fit or None, domain)."""
  if isinstance(source, Fit):
    return source, None, None, domain
  if isinstance(source, Fits):
    return _pick(source, domain), None, None, domain
  wanted = find(law or "forgetting")
  frame = tables.rename(tables.load(source), wanted, columns)
  frame = tables.select(frame, wanted)
  if "domain" in frame:
    names = sorted(frame["domain"].astype(str).unique())
    if domain is None and len(names) == 1:
      domain = names[0]
    _known(domain, names)
    frame = frame[frame["domain"].astype(str) == domain]
  target = None
  if "target_loss" in frame:
    try:
      target = fit(frame, "target")
    except InputError:
      target = None  # the advice stands without an expected target loss
  if law is not None:
    return fit(frame, law, free=free), None, target, domain
  advisors = fit_advisors(frame)
  return advisors.best, advisors.published, target, domain


def _pick(fits: Fits, domain):
  if domain is None and len(fits) == 1:
    return next(iter(fits.values()))
  _known(domain, list(fits))
  return fits[domain]


def _known(domain, names):
  if domain not in names:
    found = "no domain given" if domain is None else f"no domain {domain!r}"
    raise InputError(f"{found}: the table has {', '.join(names)}")


def _target_loss(target, point, ends):
  if target is None:
    return None
  values = {symbol: np.full(1, v) for symbol, v in point.items()}
  center = float(target.losses(target.x[None], values)[0, 0])
  low, high = quantile(target.losses(target.draws(), values)[:, 0], ends)
  return center, float(low), float(high)


def _cautions(fitted: Fit, paper, point: dict, tolerance: float):
  if paper is not None and paper is not fitted:
    needed = injection_needed(paper, paper.x[None], point, tolerance)[0]
    yield beside_published(fitted, paper) + percent(needed)
  test = None
  if fitted.law.name == "forgetting" and fitted.data is not None:
    test = ratio_test(fitted)
  yield from standing_cautions(fitted, test)


def beside_published(fitted: Fit, paper: Fit) -> str:
  """Says why not the published form; what that one says of p comes after it.

  Args:
    fitted: the form that gives the advice.
    paper: the published one.
  """
  return (
    f"of the forms of the law {name_of(fitted)} has the lowest AICc (mean "
    f"relative error {100 * fitted.mean_relative_error:.2g} %); the "
    f"published form ({100 * paper.mean_relative_error:.2g} %) says "
  )


def standing_cautions(fitted: Fit, test: RatioTest | None) -> Iterator[str]:
  """Tells what weakens every advice of a fit, a caution each.

  Args:
    fitted: the fit that gives the advice.
    test: of F(p)/F(0), where the fit's law makes a claim about it.
  """
  if fitted.unidentified:
    names = ", ".join(fitted.unidentified)
    yield f"the data do not identify {names}"
  if not fitted.certificate.holds:
    yield "the fit has no certificate: see `forgetting fit`"
  if test is not None and not test.consistent:
    yield (
      "F(p)/F(0) varies with N or D in the data, which this law excludes: "
      "trust the advice near measured cells only"
    )
