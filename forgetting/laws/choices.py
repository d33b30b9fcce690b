"""What the caller of a fit decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

import numpy as np

from forgetting.config import InputError
from forgetting.laws.law import Law, Parameter
from forgetting.laws.problem import Loss

DELTAS = {"huber": 1e-3, "l1": 1e-8, "squares": 1e3}


class Options(TypedDict, total=False):
  """What `fit` takes beside the table, the law and the groups."""

  columns: Mapping[str, str] | None
  free: tuple[str, ...]
  fixed: Mapping[str, float] | None
  shared: tuple[str, ...] | None
  loss: str | None
  delta: float
  overestimate: float
  weights: str
  cluster: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
  """What the caller decided, and what a refit repeats.

  Attributes:
    free: optional parameters to fit (`E` of the forgetting law).
    fixed: parameter -> value in the units of the equation.
    shared: with several domains, the parameters that they share; the others
      get one value a domain. None: one domain, or no difference made.
    loss: huber, l1 or squares, of log residuals.
    delta: Huber's threshold; 0 takes the usual 1e-3.
    overestimate: factor on rows predicted too high.
    columns: ours -> theirs.
    weights: a column of row weights, or "".
    cluster: columns that name what is resampled together; () is the law's.
  """

  free: tuple[str, ...] = ()
  fixed: Mapping[str, float] = field(default_factory=dict)
  shared: tuple[str, ...] | None = None
  loss: str = "huber"
  delta: float = 0.0
  overestimate: float = 1.0
  columns: Mapping[str, str] = field(default_factory=dict)
  weights: str = ""
  cluster: tuple[str, ...] = ()

  @classmethod
  def of(cls, law: Law, **options: Unpack[Options]) -> Choices:
    """What a caller of `fit` decided; the loss is the law's own by default.

    Raises:
      InputError: a parameter of the law held at what it cannot be.
    """
    told: dict[str, Any] = {"loss": law.objective}
    told |= {k: v for k, v in options.items() if v is not None}
    for name in told.keys() & {"free", "shared", "cluster"}:
      told[name] = tuple(told[name])
    for name in told.keys() & {"fixed", "columns"}:
      told[name] = dict(told[name])
    made = cls(**told)
    made._check_fixed(law)
    return made

  @property
  def objective(self) -> Loss:
    """The loss of a log residual.

    Raises:
      InputError: no such loss, or a threshold or factor that cannot be.
    """
    if self.loss not in DELTAS:
      raise InputError(f"loss {self.loss!r}: there are {', '.join(DELTAS)}")
    if self.delta < 0 or not np.isfinite(self.delta):
      raise InputError(f"delta {self.delta}: must be positive")
    if self.overestimate <= 0:
      raise InputError(f"overestimate {self.overestimate}: must be positive")
    return Loss(self.delta or DELTAS[self.loss], self.overestimate)

  def moves(self, law: Law, name: str) -> bool:
    """Whether a parameter of a law, by its name, is fitted."""
    if name in self.fixed:
      return False
    return law[name].default is None or name in self.free

  def _check_fixed(self, law: Law) -> None:
    """Holds the values of fixed parameters to these parameters' bounds.

    Raises:
      InputError: one is outside.
    """
    for parameter in law.parameters:
      value = self.fixed.get(parameter.name)
      if value is None:
        continue
      low, high = parameter.low, parameter.high
      if self._has_units(law, parameter):  # bounds inside a fit; here the sign
        low, high = (0.0 if low >= 0 else -np.inf), np.inf
      least = low == 0 and parameter.scale == "log"
      if not (low <= value <= high and np.isfinite(value)) or (
        least and value == 0
      ):
        raise InputError(
          f"fix {parameter.name}={value:g}: expected"
          f" {_between(low, high, above=least)}, as law {law.name} has it"
        )

  def _has_units(self, law: Law, parameter: Parameter) -> bool:
    """Whether a parameter's value depends on the units inside the fit."""
    if law.natural is not None or parameter.amplitude:
      return True
    for power in parameter.units.values():
      if not isinstance(power, str):
        return True
      name = power.lstrip("-")
      held = self.fixed[name] if name in self.fixed else law[name].default
      if held or self.moves(law, name):
        return True
    return False


def _between(low: float, high: float, *, above: bool) -> str:
  """Bounds in words."""
  if np.isfinite(low) and np.isfinite(high):
    return f"{low:g} to {high:g}"
  if np.isfinite(low):
    return f"a finite number above {low:g}" if above else f"{low:g} or more"
  return "a finite number"
