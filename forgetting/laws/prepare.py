"""From checked data to a problem and back: units, which parameters move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np

from forgetting.config import InputError
from forgetting.laws.choices import Choices
from forgetting.laws.data import Data
from forgetting.laws.law import Law
from forgetting.laws.problem import Problem, Slot

GUARD = 10.0  # a check outweighs all rows together


def scales_of(law: Law, data: Data) -> dict[str, float]:
  """Takes the unit of every size, and of the loss (L), inside the fit.

  Args:
    law: which variables are sizes.
    data: the values whose geometric means are the units.

  Returns:
    symbol -> unit.
  """
  scales = {"L": float(np.exp(np.mean(np.log(np.sort(data.loss)))))}
  for symbol, values in data.values.items():
    if law.variables[symbol].kind == "size":
      scales[symbol] = float(np.exp(np.mean(np.log(np.sort(values)))))
  return share_scales(law, scales)


def share_scales(law: Law, scales: dict[str, float]) -> dict[str, float]:
  """Completes units: 1 for a size that was not read, and shared ones.

  Args:
    law: which variables share a unit.
    scales: symbol -> unit, of those that were read.
  """
  out = dict(scales)
  for symbol, variable in law.variables.items():
    if variable.kind == "size":
      out.setdefault(symbol, 1.0)
      if variable.share:
        out[symbol] = out[variable.share]
  return out


def centred(law: Law, values: Mapping, scales: Mapping) -> SimpleNamespace:
  """Turns variables into what a law's terms see.

  Args:
    law: the kinds of its variables.
    values: symbol -> values in natural units; an optional one may be missing.
    scales: symbol -> unit inside the fit.

  Returns:
    a namespace: sizes and losses over their units, `lnN` beside each size N.
  """
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
  """Lists the numbers that a fit may move, amplitudes first.

  Args:
    law: its parameters.
    groups: names of the domains that have parameters of their own, or ().
    shared: names of the parameters that have one slot for all domains.
  """
  out = []
  for parameter in (*law.amplitudes, *law.nonlinear):
    own = groups and parameter.name not in (shared or ())
    if own and parameter.default is None:
      out += [Slot(parameter, g) for g in range(len(groups))]
    else:
      out.append(Slot(parameter, None))
  return tuple(out)


def build(law: Law, data: Data, choices: Choices, scales: dict) -> Problem:
  """Builds the problem that a fit solves.

  Args:
    law, data, choices: what is fitted to what, and how.
    scales: symbol -> unit inside the fit.

  Raises:
    InputError: freed or fixed parameters that the law does not have, or that
      cannot be fixed by themselves.
  """
  slots = slots_of(law, data.groups, choices.shared)
  held = _held(law, choices, scales)
  free = np.array([choices.moves(law, s.parameter.name) for s in slots])
  at = np.zeros(len(slots))
  for i, slot in enumerate(slots):
    name = slot.parameter.name
    if name in held:
      free[i] = False
      at[i] = slot.inside(held[name])
  masks: tuple[np.ndarray, ...] = ()
  if data.group is not None:
    which = np.arange(len(data.groups))[:, None]
    masks = tuple((data.group == which).astype(float))
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
  # as numpy has them, whose roots of negative numbers are none
  told = {name: np.float64(value) for name, value in natural.items()}
  with np.errstate(all="ignore"):
    inside = law.to_internal(told, scales)
  held = {k: float(v) for k, v in inside.items() if np.isfinite(v)}
  whole = len(held) >= np.isfinite([*told.values()]).sum()
  for name in choices.fixed:
    if name not in held and not (whole and name not in inside):
      raise InputError(
        f"fixed: {name} has the units of other parameters of law {law.name} "
        "that are free: fix those as well, and hold amplitudes above 0"
      )
  return held


def natural(
  law: Law,
  slots: Sequence[Slot],
  groups: Sequence[str],
  scales: dict[str, float],
  x,
) -> dict[str, np.ndarray]:
  """Turns points of a fit into parameters in natural units.

  Args:
    law, slots, groups: of the fit.
    scales: symbol -> unit inside the fit.
    x: [lanes, slots] in the fit's coordinates.

  Returns:
    name -> [lanes]; a parameter that domains do not share appears as
    `B[domain]`.
  """
  out = {}
  for group in range(max(len(groups), 1)):
    inside, own = {}, set()
    for i, slot in enumerate(slots):
      if slot.group in (None, group):
        inside[slot.parameter.name] = slot.outside(x[:, i])
        if slot.group is not None:
          own.add(slot.parameter.name)
    with np.errstate(over="ignore", invalid="ignore"):
      values = law.to_natural(inside, scales)
    for name, value in values.items():
      key = f"{name}[{groups[group]}]" if name in own else name
      out[key] = np.broadcast_to(value, len(x))
  return out
