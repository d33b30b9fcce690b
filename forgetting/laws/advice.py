"""An answer to "how much to inject", for people and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forgetting.laws.budget import Budget
from forgetting.laws.invert import FAR, Answer
from forgetting.laws.trials import UNTRIED

OTHER_UNITS = {"percent": "the loss", "progress": "pretraining progress"}


@dataclass(frozen=True)
class Advice:
  """The injection that keeps forgetting under a tolerance.

  Attributes:
    domain, model_params, target_tokens: what was asked about.
    tolerance: forgetting tolerated, nats per token.
    tolerances: the same in every unit that can be told: loss, percent, and
      progress where there is a pretraining curve.
    injection: the fraction needed; infinite when no fraction suffices.
    low, high: its bootstrap interval at `level`.
    feasible: share of the bootstrap in which some fraction suffices.
    without, without_low, without_high: forgetting at p = 0.
    reached: forgetting at the advised injection.
    target_loss: expected target loss and its interval, or None.
    beyond: axis -> how far outside the data, as a factor.
    cautions: what weakens the advice.
    law: the form of the law that speaks.
    error, tried: what that form missed when it was tried at such a distance,
      nats per token of forgetting, and on which runs; infinite where the data
      allow no trial.
    trained: tokens that the run trains on until its loss is read, where the
      law counts them.
    passes: over the target tokens, that are planned.
    budget: what a compute budget buys, where one was given.
    instead: without injection, the most target tokens and the smallest model
      that keep the tolerance.
  """

  domain: str
  model_params: float
  target_tokens: float
  tolerance: float
  level: float
  injection: float
  low: float
  high: float
  feasible: float
  without: float
  without_low: float
  without_high: float
  reached: float
  target_loss: tuple[float, float, float] | None
  beyond: dict[str, float]
  cautions: tuple[str, ...]
  law: str = "forgetting"
  error: float = float("inf")
  tried: str = ""
  trained: float | None = None
  tolerances: Mapping[str, float] = field(default_factory=dict)
  passes: float = 1.0
  budget: Budget | None = None
  instead: Mapping[str, Answer] = field(default_factory=dict)

  @property
  def extra_compute(self) -> float:
    """Extra tokens for the same number of target tokens: p / (1 - p)."""
    if self.injection >= 1:
      return float("inf")
    return self.injection / (1 - self.injection)

  def __str__(self) -> str:
    level = f"{100 * self.level:g} %"
    where = (
      f"{self.domain or 'target'}, {self.model_params:,.0f} parameters, "
      f"{self.target_tokens:,.0f} target tokens"
    )
    lines = [
      f"{where}: keep forgetting under {self._told_tolerance()}",
      f"  forgetting without injection {self.without:.4g} "
      f"({level} [{self.without_low:.4g}, {self.without_high:.4g}])",
    ]
    if np.isinf(self.injection):
      lines.append(
        f"  INFEASIBLE: no injection up to 100 % gets there (it leaves "
        f"{self.reached:.4g}); feasible in {100 * self.feasible:.0f} % of "
        f"the bootstrap"
      )
    else:
      lines.append(
        f"  inject {percent(self.injection)} "
        f"({level} [{percent(self.low)}, {percent(self.high)}]), "
        f"extra compute {100 * self.extra_compute:.2g} %"
      )
      if self.feasible < 0.995:
        lines.append(
          f"  feasible in {100 * self.feasible:.0f} % of the bootstrap"
        )
    if self.target_loss:
      value, low, high = self.target_loss
      lines.append(
        f"  expected target loss {value:.4g} ({level} [{low:.4g}, {high:.4g}])"
      )
    lines.append(self._told_law())
    lines += self._told_instead()
    for axis, factor in self.beyond.items():
      lines.append(
        f"  EXTRAPOLATION: {axis} is {factor:.3g} x outside the data"
      )
    lines += [f"  caution: {what}" for what in self.cautions]
    if self.budget:
      lines.append(str(self.budget))
    return "\n".join(lines)

  def _told_law(self) -> str:
    line = f"  by {self.law}"
    if np.isfinite(self.error):
      line += f", which missed {self.error:.3g} nats of forgetting when tried"
      line += f" ({self.tried})"
    else:
      line += ", which could not be tried on these runs: taken as off by"
      line += f" {100 * UNTRIED:g} %"
    if self.trained is not None:
      injected = min(self.injection, 1.0) * self.trained
      line += f"; {rounded(self.trained)} tokens trained, of them "
      line += f"{rounded(injected)} injected"
    return line

  def _told_instead(self) -> list[str]:
    told = {
      "target_tokens": ("at most {} target tokens", "no amount of target text"),
      "model_params": ("at least {} parameters", "no model size"),
    }
    lines = []
    for axis, answer in self.instead.items():
      some, none = told[axis]
      if not 1 <= answer.value < np.inf:
        lines.append(f"  or without injection: {none} keeps it")
        continue
      if any(factor > FAR for factor in answer.beyond.values()):
        continue  # no number without a run anywhere near it
      line = some.format(f"{answer.value:,.4g}")
      line += f" ({100 * answer.level:g} % [{answer.low:,.4g}, "
      line += f"{answer.high:,.4g}])"
      for factor in answer.beyond.values():
        line += f"; EXTRAPOLATION: {factor:.3g} x outside the data"
      lines.append(f"  or without injection: {line}")
    return lines

  def _told_tolerance(self) -> str:
    others = [
      f"{value:.3g} % of {what}"
      for unit, what in OTHER_UNITS.items()
      if (value := self.tolerances.get(unit)) is not None
    ]
    told = f"{self.tolerance:.4g} nats per token"
    return f"{told} ({', '.join(others)})" if others else told

  def as_dict(self) -> dict:
    """The advice as JSON takes it; an infeasible injection is null."""
    out = {name: getattr(self, name) for name in self.__dataclass_fields__}
    for name in ("injection", "low", "high"):
      if np.isinf(out[name]):
        out[name] = None
    out["target_loss"] = list(self.target_loss) if self.target_loss else None
    out["cautions"] = list(self.cautions)
    out["tolerances"] = dict(self.tolerances)
    out["instead"] = {
      name: answer.as_dict() for name, answer in self.instead.items()
    }
    out["error"] = self.error if np.isfinite(self.error) else None
    out["budget"] = self.budget.as_dict() if self.budget else None
    compute = self.extra_compute
    out["extra_compute"] = compute if np.isfinite(compute) else None
    return out


def rounded(count: float) -> str:
  """A count to three digits, with its thousands marked."""
  return f"{float(f'{count:.3g}'):,.0f}"


def percent(value: float) -> str:
  """An injection in percent, to three digits, or that there is none."""
  return "infeasible" if np.isinf(value) else f"{100 * value:.3g} %"
