"""What the caller of a fit decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

import numpy as np

from forgetting.config import InputError
from forgetting.laws.law import Law
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
    """What a caller of `fit` decided; the loss is the law's own by default."""
    told: dict[str, Any] = {"loss": law.objective}
    told |= {k: v for k, v in options.items() if v is not None}
    for name in told.keys() & {"free", "shared", "cluster"}:
      told[name] = tuple(told[name])
    for name in told.keys() & {"fixed", "columns"}:
      told[name] = dict(told[name])
    return cls(**told)

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
