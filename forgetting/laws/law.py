"""What a law is: an equation as code, with everything a fit needs to know.

    log L = outer * log(offset + sum_k amplitude_k * term_k(variables, theta))

Amplitudes enter linearly, the other parameters through the terms; `outer` is
1 except for Kaplan's law. Inside a fit every size is divided by its geometric
mean and every loss by its own (this is what centring the logs amounts to), so
each parameter says how it scales with those units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forgetting.config import InputError


@dataclass(frozen=True)
class Variable:
  """A measured column: `kind` is size, fraction or loss.

  A size is positive and is centred, a fraction lies in [0, 1], a loss is
  positive and in nats per token. `columns` are the names it may have in a
  table, the first that is there is taken. A variable that only an optional
  parameter needs names it in `needed_by`; `share` names the variable whose
  unit it has.
  """

  columns: tuple[str, ...]
  kind: str = "size"
  unit: str = "count"
  levels: int = 3
  needed_by: tuple[str, ...] = ()
  share: str = ""


@dataclass(frozen=True)
class Parameter:
  """A parameter: where it lives, how it is searched, how it scales.

  Attributes:
    low, high: bounds, in the fit's centred units.
    search: the range of the global stage; empty for an amplitude.
    scale: "log" when the fit works with its logarithm, else "linear".
    default: fixed at this value unless the caller frees it.
    units: variable -> parameter name (or "-name", or a number): the natural
      value is the centred one times scale(variable) to that power.
    axes: the variables whose spread identifies it.
  """

  name: str
  meaning: str
  low: float = 0.0
  high: float = np.inf
  search: tuple[float, float] = ()
  scale: str = "linear"
  default: float | None = None
  units: Mapping[str, Any] = field(default_factory=dict)
  axes: tuple[str, ...] = ()

  @property
  def amplitude(self) -> bool:
    return not self.search


@dataclass(frozen=True)
class Law:
  """A law as data; see the module docstring for the general form.

  `checks` are conditions that a fit obeys: what holds -> a function like
  `terms` that is not negative on the rows where it holds.
  """

  name: str
  equation: str
  loss: Variable
  variables: Mapping[str, Variable]
  parameters: tuple[Parameter, ...]
  terms: Callable[[Any, Any], dict[str, Any]]
  latex: str = ""
  source: str = ""
  offset: str = ""
  outer: str = ""
  rows: str = "all"
  clusters: tuple[str, ...] = ()
  nested: tuple[str, ...] = ()
  natural: Callable[[dict, dict], dict] | None = None
  internal: Callable[[dict, dict], dict] | None = None
  checks: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)

  def __getitem__(self, name: str) -> Parameter:
    for parameter in self.parameters:
      if parameter.name == name:
        return parameter
    names = ", ".join(p.name for p in self.parameters)
    raise InputError(
      f"law {self.name} has no parameter {name!r}: it has {names}"
    )

  @property
  def amplitudes(self) -> tuple[Parameter, ...]:
    return tuple(p for p in self.parameters if p.amplitude)

  @property
  def nonlinear(self) -> tuple[Parameter, ...]:
    return tuple(p for p in self.parameters if not p.amplitude)

  def to_natural(self, params: dict, scales: dict) -> dict:
    """Centred parameters (arrays welcome) -> those of the equation."""
    if self.natural:
      return self.natural(params, scales)
    return {
      p.name: params[p.name] * self._unit(p, params, scales)
      for p in self.parameters
    }

  def to_internal(self, params: dict, scales: dict) -> dict:
    """Parameters of the equation -> centred ones."""
    if self.internal:
      return self.internal(params, scales)
    return {
      p.name: params[p.name] / self._unit(p, params, scales)
      for p in self.parameters
    }

  def _unit(self, parameter: Parameter, params: dict, scales: dict):
    unit = scales["L"] if parameter.amplitude else 1.0
    for variable, power in parameter.units.items():
      unit = unit * scales[variable] ** exponent(power, params)
    return unit


def exponent(power, params: dict):
  """The value of a unit's power: a number, "name" or "-name"."""
  if not isinstance(power, str):
    return power
  if power.startswith("-"):
    return -params[power[1:]]
  return params[power]


LAWS: dict[str, Law] = {}


def register(law: Law) -> Law:
  """Adds a law to those that `fit` knows by name."""
  LAWS[law.name] = law
  return law


def find(law: str | Law) -> Law:
  """The law of that name; a law is returned as it is."""
  if isinstance(law, Law):
    return law
  if law not in LAWS:
    raise InputError(f"no law {law!r}: there are {', '.join(sorted(LAWS))}")
  return LAWS[law]
