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
  """A measured column that a law reads.

  Attributes:
    columns: the names it may have in a table; the first that is there is
      taken.
    kind: size (positive, and centred), fraction (in [0, 1]) or loss
      (positive, nats per token).
    unit: in words.
    levels: distinct values that a table needs for the parameters it
      identifies.
    needed_by: optional parameters without which nobody reads it; () is always.
    share: the variable whose unit inside the fit it has; "" is its own.
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
    name: as in the equation.
    meaning: in words.
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
  search: tuple[float, ...] = ()
  scale: str = "linear"
  default: float | None = None
  units: Mapping[str, Any] = field(default_factory=dict)
  axes: tuple[str, ...] = ()

  @property
  def amplitude(self) -> bool:
    """Whether the law is linear in it."""
    return not self.search


@dataclass(frozen=True)
class Law:
  """A law as data; see the module's docstring for the general form.

  Attributes:
    name: by which `fit` finds it once it is registered.
    equation: in plain text, of the natural units.
    loss: the loss that it predicts.
    variables: symbol -> what it reads.
    parameters: all of them, optional ones included.
    terms: (variables, parameters) -> amplitude's name -> its term: plain
      numpy code of the centred `v.N` and `v.lnN` and of `q.alpha`, number by
      number: variables are [rows], or [lanes, rows] of several tables.
    latex, source: the equation to print, and the paper that it is from.
    offset: a variable that is added as it is; "" is none.
    outer: the parameter that is the outer power; "" is 1.
    rows: which rows it describes: all, finetunings or pretrainings, those
      fine-tunings that turned: went past their bottom; or the evaluations
      along the curves of fine-tunings.
    clusters: columns that name what a bootstrap resamples together.
    nested: optional parameters that are fitted beside it, to see whether
      they are worth it.
    family: laws of one family predict the same loss and are compared; "" is
      compared with none.
    variants: the freed parameters of each variant that a comparison tries.
    advisable: the freed parameters of each variant that may give advice on
      injection, () the law as it stands; such a law has N, D and p.
    symbol, predicts: of what it predicts, in the equation and in words.
    objective: huber, l1 or squares: of its log residuals, unless a fit is
      told otherwise.
    trained: how a plan's tokens T are told: planned (those of all batches) or
      best (those until the target loss turns); "" for a law that does not
      count them.
    words: parameter -> (all parameters by name -> what its value says).
    natural, internal: for parameters whose units mix: (centred parameters,
      scales) -> natural ones, and back.
    checks: conditions that a fit obeys: what holds -> a function like
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
  family: str = ""
  variants: tuple[tuple[str, ...], ...] = ((),)
  advisable: tuple[tuple[str, ...], ...] = ()
  symbol: str = "L"
  predicts: str = "loss"
  objective: str = "huber"
  trained: str = ""
  words: Mapping[str, Callable[[Mapping[str, float]], str]] = field(
    default_factory=dict
  )
  natural: Callable[[dict, dict], dict] | None = None
  internal: Callable[[dict, dict], dict] | None = None
  checks: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)

  def __getitem__(self, name: str) -> Parameter:
    """The parameter of that name.

    Raises:
      InputError: the law has none.
    """
    for parameter in self.parameters:
      if parameter.name == name:
        return parameter
    names = ", ".join(p.name for p in self.parameters)
    raise InputError(
      f"law {self.name} has no parameter {name!r}: it has {names}"
    )

  @property
  def amplitudes(self) -> tuple[Parameter, ...]:
    """The parameters in which the law is linear."""
    return tuple(p for p in self.parameters if p.amplitude)

  @property
  def nonlinear(self) -> tuple[Parameter, ...]:
    """The parameters that the global stage searches."""
    return tuple(p for p in self.parameters if not p.amplitude)

  @property
  def tunes(self) -> bool:
    """Whether it describes fine-tunings, of which each has a domain."""
    return self.rows in ("finetunings", "turned", "evaluations")

  @property
  def answers(self) -> bool:
    """Whether its fits can be asked for an injection."""
    asked = {"N", "D", "p", "L0"} <= {*self.variables}
    return asked and self.rows == "finetunings"

  def to_natural(self, params: dict, scales: dict) -> dict:
    """Turns centred parameters into those of the equation.

    Args:
      params: name -> value; arrays are welcome.
      scales: symbol -> its unit inside the fit; L is that of the loss.

    Returns:
      name -> value in natural units.
    """
    if self.natural:
      return self.natural(params, scales)
    return {
      p.name: params[p.name] * self._unit(p, params, scales)
      for p in self.parameters
    }

  def to_internal(self, params: dict, scales: dict) -> dict:
    """Turns parameters of the equation into centred ones: the inverse of
    `to_natural`, with the same arguments."""
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
Variant = tuple[str, tuple[str, ...]]  # a law's name, the freed parameters


def register(law: Law) -> Law:
  """Adds a law to those that `fit` knows by name, and gives it back."""
  LAWS[law.name] = law
  return law


def find(law: str | Law) -> Law:
  """Finds a law by its name; a law is returned as it is.

  Raises:
    InputError: no law of that name is registered.
  """
  if isinstance(law, Law):
    return law
  if law not in LAWS:
    raise InputError(f"no law {law!r}: there are {', '.join(sorted(LAWS))}")
  return LAWS[law]


def families() -> list[str]:
  """The names of all families of laws, sorted."""
  return sorted({law.family for law in LAWS.values() if law.family})


def variants(family: str) -> list[Variant]:
  """Lists what a comparison of a family tries, in the order of registration.

  Raises:
    InputError: no law is of that family.
  """
  found = [
    (law.name, free)
    for law in LAWS.values()
    if law.family == family
    for free in law.variants
  ]
  if not family or not found:
    raise InputError(f"no family {family!r}: there are {', '.join(families())}")
  return found


def advisable() -> list[Variant]:
  """Lists the variants that may give advice on injection, the published form
  of the forgetting law first."""
  return [(law.name, free) for law in LAWS.values() for free in law.advisable]
