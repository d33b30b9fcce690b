"""A table's columns as a fit reads them, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError
from forgetting.laws import table as tables
from forgetting.laws import thinning
from forgetting.laws.choices import Choices
from forgetting.laws.law import LAWS, Law
from forgetting.records import table_file, table_values, told
from forgetting.records.table_columns import FILE

if TYPE_CHECKING:
  import pandas as pd


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
  frame: pd.DataFrame


def wanted(law: Law, choices: Choices) -> list[str]:
  """Tells the symbols of the variables that a fit of a law reads.

  Args:
    law: the law.
    choices: optional parameters that move, or are fixed at other than 0, may
      need a variable of their own.
  """
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
  """Reads the data that a fit needs.

  Args:
    table: anything that `table.load` takes.
    law: which variables, and which rows.
    choices: which columns, weights, clusters and domains.

  Raises:
    InputError: one line on what is wrong with the table.
  """
  frame = tables.rename(
    tables.load(table, law, choices.columns), law, choices.columns
  )
  frame = tables.select(frame, law)
  # first: planned tokens may be made of it
  if "injection" in frame and law.rows in ("finetunings", "turned"):
    table_values.check_fraction(frame, "injection", below_1=True)
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
  clusters = _clusters(frame, law, choices)
  return _thinned(
    law, Data(values, loss, weight, clusters, groups, group, frame)
  )


def _thinned(law: Law, data: Data) -> Data:
  """At most 4,000 rows of a table; more are told, and 500 stand for them."""
  count = len(data.loss)
  if count <= thinning.MOST:
    return data
  cells = [
    values
    for symbol, values in data.values.items()
    if law.variables[symbol].kind != "loss"
  ]
  if data.group is not None:
    cells.insert(0, data.group)
  rows, weight = thinning.spread(cells, data.loss)
  told.tell(
    f"{data.frame.attrs.get(FILE, 'the table')}: law {law.name} is fitted to"
    f" {len(rows):,} of {count:,} rows, spread evenly over"
    f" {', '.join(s for s in data.values if law.variables[s].kind != 'loss')}"
    " and over the losses at each, weighted by how many they stand for"
  )
  _, clusters = np.unique(data.clusters[rows], return_inverse=True)
  return Data(
    values={symbol: values[rows] for symbol, values in data.values.items()},
    loss=data.loss[rows],
    weight=data.weight[rows] * weight,
    clusters=clusters,
    groups=data.groups,
    group=None if data.group is None else data.group[rows],
    frame=data.frame.iloc[rows].reset_index(drop=True),
  )


def of_plan(table, law: Law, choices: Choices, *, groups, schedule):
  """Reads a law's variables from a table that needs no losses.

  Args:
    table: anything that `table.load` takes; columns may have the table's
      names or ours.
    law, choices: of the fit that predicts.
    groups: the domains that have parameters of their own; () when none have.
    schedule: tells T where the table does not; None for a law without it.

  Returns:
    symbol -> [rows] in natural units, and [rows] domain numbers or None.

  Raises:
    InputError: variables that are missing or cannot be, or a domain that the
      fit does not have.
  """
  frame = tables.load(table)
  # Rows to predict have no loss, and may have our names already.
  named = {k: v for k, v in choices.columns.items() if v in frame}
  frame = table_file.renamed(frame, tables.names_of(law, named))
  present = {*frame.columns}
  values = {
    symbol: tables.numbers(frame, law.variables[symbol], symbol)
    for symbol in wanted(law, choices)
    if not (
      law.trained
      and symbol == "T"
      and not {*law.variables["T"].columns} & present
    )
  }
  if law.trained and "T" not in values:
    values["T"] = schedule.trained(values["N"], values["D"], values["p"])
  if not groups:
    return values, None
  if "domain" not in frame:
    raise InputError("the parameters differ by domain: no column domain")
  names = frame["domain"].astype(str)
  unknown = sorted(set(names) - set(groups))
  if unknown:
    known = ", ".join(groups)
    raise InputError(f"no domain {unknown[0]!r} in the fit: it has {known}")
  return values, np.searchsorted(groups, names)


def _domains(frame, law: Law, choices: Choices):
  if "domain" not in frame or not law.tunes:
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
  """Refuses an axis with too few levels for the parameters it identifies.

  Args:
    law: how many levels each of its variables needs.
    data: the variables' values.
    choices: an axis whose parameters all stay is not looked at.

  Raises:
    InputError: naming the axis, its levels and what to do.
  """
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
        f"law without {symbol}{_without(law, symbol)}"
      )
  if law.trained and "target_tokens" in data.frame:
    moving = [p.name for p in law.parameters if p.axes == ("T",)]
    moving = [name for name in moving if choices.moves(law, name)]
    amounts = data.frame["target_tokens"].to_numpy(float)
    if moving and tables.levels(amounts) < 2:  # T differs by injection alone
      raise InputError(
        "one amount of target text tells no power of tokens: add runs with"
        f" another, or fix {' and '.join(moving)}"
      )


def _without(law: Law, symbol: str) -> str:
  """Other laws of the same loss that need not know how it goes with an axis."""
  names = [
    other.name
    for other in LAWS.values()
    if other is not law
    and (other.loss, other.rows) == (law.loss, law.rows)
    and {*other.variables} - {*law.variables} <= {"T"}  # which D tells as well
    and all(symbol not in p.axes for p in other.parameters if p.default is None)
  ]
  return f": {', '.join(names)}" if names else ""
