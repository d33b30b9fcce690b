"""From a table to a problem: columns, units, which parameters move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from forgetting.config import InputError
from forgetting.laws import table as tables
from forgetting.laws.law import Law
from forgetting.laws.problem import Loss, Problem, Slot

GUARD = 10.0  # a check outweighs all rows together
DELTAS = {"huber": 1e-3, "l1": 1e-8, "squares": 1e3}


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

  @property
  def objective(self) -> Loss:
    if self.loss not in DELTAS:
      raise InputError(f"loss {self.loss!r}: there are {', '.join(DELTAS)}")
    if self.delta < 0 or not np.isfinite(self.delta):
      raise InputError(f"delta {self.delta}: must be positive")
    if self.overestimate <= 0:
      raise InputError(f"overestimate {self.overestimate}: must be positive")
    return Loss(self.delta or DELTAS[self.loss], self.overestimate)

  def moves(self, law: Law, name: str) -> bool:
    """Whether a parameter is fitted."""
    if name in self.fixed:
      return False
    return law[name].default is None or name in self.free


@dataclass(frozen=True)
class Data:
  """A table's columns, checked, in natural units.

  Attributes:
    values: symbol -> [rows].
    loss: [rows], nats per token; empty when only predictions are wanted.
    weight: [rows].
    clusters: [rows] cluster numbers.
    groups: names of the domains when parameters differ by domain.
    group: [rows] index into groups.
    frame: the rows themselves.
  """

  values: dict[str, np.ndarray]
  loss: np.ndarray
  weight: np.ndarray
  clusters: np.ndarray
  groups: tuple[str, ...]
  group: np.ndarray | None
  frame: object


def wanted(law: Law, choices: Choices) -> list[str]:
  """The symbols that a fit with these choices reads."""
  return [
    symbol
    for symbol, variable in law.variables.items()
    if not variable.needed_by
    or any(
      choices.moves(law, name) or choices.fixed.get(name)
      for name in variable.needed_by
    )
  ]


def read(table, law: Law, choices: Choices) -> Data:
  """The data that a law needs, from anything that `table.load` takes."""
  frame = tables.rename(tables.load(table), law, choices.columns)
  frame = tables.select(frame, law)
  values = {
    symbol: tables.numbers(frame, law.variables[symbol], symbol)
    for symbol in wanted(law, choices)
  }
  loss = tables.numbers(frame, law.loss, "loss")
  weight = np.ones(len(frame))
  if choices.weights:
    if choices.weights not in frame:
      raise InputError(f"weights: no column {choices.weights!r} in the table")
    weight = frame[choices.weights].to_numpy(float)
    if not (np.isfinite(weight) & (weight >= 0)).all() or not weight.any():
      raise InputError(f"weights: column {choices.weights} must be >= 0")
  groups, group = _domains(frame, law, choices)
  return Data(
    values, loss, weight, _clusters(frame, law, choices), groups, group, frame
  )


def _domains(frame, law: Law, choices: Choices):
  if "domain" not in frame or law.rows != "finetunings":
    if choices.shared is not None:
      raise InputError(
        "shared: parameters differ by domain, and the table "
        "has no column domain"
      )
    return (), None
  names = tuple(sorted(frame["domain"].astype(str).unique()))
  if choices.shared is None:
    if len(names) > 1:
      raise InputError(
        f"the table has {len(names)} domains ({', '.join(names)}): "
        f'fit each with by="domain", or pool them with shared=("alpha", ...)'
      )
    return (), None
  for name in choices.shared:
    law[name]
  return names, np.searchsorted(names, frame["domain"].astype(str))


def _clusters(frame, law: Law, choices: Choices) -> np.ndarray:
  for name in choices.cluster:
    if name not in frame:
      raise InputError(f"cluster: no column {name!r} in the table")
  if choices.cluster:
    return tables.codes(frame, choices.cluster)
  if law.clusters:
    return tables.codes(frame, law.clusters)
  for name in ("run", "run_name", "name"):
    if name in frame:
      return tables.codes(frame, (name,))
  return np.arange(len(frame))


def check_levels(law: Law, data: Data, choices: Choices):
  """Refuses an axis with too few levels for the parameters it identifies."""
  for symbol, values in data.values.items():
    variable = law.variables[symbol]
    held = [p for p in law.parameters if symbol in p.axes]
    if held and not any(choices.moves(law, p.name) for p in held):
      continue
    found = tables.levels(values)
    if found < variable.levels:
      raise InputError(
        f"{variable.columns[0]} ({symbol}) has {found} "
        f"level{'s' if found > 1 else ''} in the table and law {law.name} "
        f"needs {variable.levels}: add runs, fix its parameters, or take a "
        f"law without {symbol}"
      )


def scales_of(law: Law, data: Data) -> dict[str, float]:
  """The unit of every variable inside the fit: its geometric mean."""
  scales = {"L": float(np.exp(np.mean(np.log(np.sort(data.loss)))))}
  for symbol, values in data.values.items():
    if law.variables[symbol].kind == "size":
      scales[symbol] = float(np.exp(np.mean(np.log(np.sort(values)))))
  return share_scales(law, scales)


def share_scales(law: Law, scales: dict[str, float]) -> dict[str, float]:
  out = dict(scales)
  for symbol, variable in law.variables.items():
    if variable.kind == "size":
      out.setdefault(symbol, 1.0)
      if variable.share:
        out[symbol] = out[variable.share]
  return out


def centred(law: Law, values: Mapping, scales: Mapping) -> SimpleNamespace:
  """The variables as terms see them."""
  out = {}
  for symbol, variable in law.variables.items():
    raw = values.get(symbol)
    if variable.kind == "size":
      size = np.ones(1) if raw is None else raw / scales[symbol]
      out[symbol], out[f"ln{symbol}"] = size, np.log(size)
    elif variable.kind == "loss":
      out[symbol] = raw / scales["L"]
    else:
      out[symbol] = np.zeros(1) if raw is None else raw
  return SimpleNamespace(**out)


def slots_of(law: Law, groups: Sequence[str], shared) -> tuple[Slot, ...]:
  """Amplitudes first; one slot a domain for what is not shared."""
  out = []
  for parameter in (*law.amplitudes, *law.nonlinear):
    own = groups and parameter.name not in (shared or ())
    if own and parameter.default is None:
      out += [Slot(parameter, g) for g in range(len(groups))]
    else:
      out.append(Slot(parameter, None))
  return tuple(out)


def build(law: Law, data: Data, choices: Choices, scales: dict) -> Problem:
  """The problem that a fit solves."""
  slots = slots_of(law, data.groups, choices.shared)
  held = _held(law, choices, scales)
  free = np.array([choices.moves(law, s.parameter.name) for s in slots])
  at = np.zeros(len(slots))
  for i, slot in enumerate(slots):
    name = slot.parameter.name
    if name in held:
      free[i] = False
      at[i] = slot.inside(held[name])
  masks = tuple(
    (data.group == g).astype(float) for g in range(len(data.groups))
  )
  return Problem(
    law=law,
    slots=slots,
    values=centred(law, data.values, scales),
    log_loss=np.log(data.loss / scales["L"]),
    weight=data.weight,
    free=free,
    loss=choices.objective,
    group=data.group,
    masks=masks,
    at=at,
    guard=GUARD * float(data.weight.sum()) if law.checks else 0.0,
  )


def _held(law: Law, choices: Choices, scales: dict) -> dict[str, float]:
  """The values, in centred units, of the parameters that do not move."""
  names = (
    {p.name for p in law.parameters}
    if not law.natural
    else set(law.natural({p.name: 1.0 for p in law.parameters}, scales))
  )
  for name in (*choices.fixed, *choices.free):
    if name not in names:
      raise InputError(
        f"law {law.name} has no parameter {name!r}: it has "
        f"{', '.join(sorted(names))}"
      )
  natural = {name: np.nan for name in names}
  for p in law.parameters:
    if p.default is not None and p.name not in choices.free:
      natural[p.name] = p.default
  natural.update(choices.fixed)
  inside = law.to_internal(natural, scales)
  held = {k: float(v) for k, v in inside.items() if np.isfinite(v)}
  for name in choices.fixed:
    if name in inside and name not in held:
      raise InputError(
        f"fixed: {name} has the units of other parameters of law {law.name} "
        f"that are free: fix those as well"
      )
  return held
