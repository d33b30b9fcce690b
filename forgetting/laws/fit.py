"""`fit`: a table and a law in, parameters with a certificate out."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack, overload

import numpy as np

from forgetting.config import InputError
from forgetting.laws import lockstep, prepare
from forgetting.laws import table as tables
from forgetting.laws.certificate import certify
from forgetting.laws.choices import Choices, Options
from forgetting.laws.data import Data, check_levels, read
from forgetting.laws.fits import Fits
from forgetting.laws.fitted import Fit
from forgetting.laws.law import Law, find
from forgetting.laws.lockstep import Search
from forgetting.laws.newton import Polished
from forgetting.laws.objective import evaluate
from forgetting.laws.problem import Problem, broken
from forgetting.laws.solve import basins, solve


@overload
def fit(
  table, law: str | Law = ..., *, by: None = None, **options: Unpack[Options]
) -> Fit: ...


@overload
def fit(
  table, law: str | Law = ..., *, by: str, **options: Unpack[Options]
) -> Fits: ...


@overload
def fit(
  table, law: str | Law = ..., *, by: str | None, **options: Unpack[Options]
) -> Fit | Fits: ...


def fit(
  table,
  law: str | Law = "forgetting",
  *,
  by: str | None = None,
  **options: Unpack[Options],
) -> Fit | Fits:
  """Fits a law to the losses of a table of runs.

  The objective is the sum over rows of huber(ln L_pred - ln L), in float64,
  minimised from several starts that come out of a global search.

  Args:
    table: a data frame, a dict of columns, a CSV, parquet or JSON lines file,
      or a study's directory. Columns as in a study's runs.csv.
    law: a name in `forgetting.laws.LAWS`, or a Law.
    by: a column; one fit for each of its values.
    columns: our names -> the table's, as in {"loss": "val_loss", "N": "n"}.
    free: optional parameters to fit, such as ("E",) for `forgetting`.
    fixed: parameters held at these values, in the units of the equation.
    shared: pool several domains; these parameters are common to them, the
      others have one value a domain.
    loss: huber, l1 or squares; by default the law's own: huber, of the law of
      the bottom squares.
    delta: Huber's threshold on log residuals; 1e-3 when not given.
    overestimate: factor on rows that the law predicts too high.
    weights: a column of row weights.
    cluster: columns that name what a bootstrap resamples together; by default
      the (model_params, target_tokens) cells, or the runs.
  Returns:
    a Fit, or with `by` a Fits: a dict of them.
  Raises:
    InputError: one line on what is wrong with the table or the arguments.
  """
  if by is None:
    return lockstep.run(fitting_table(table, law, **options))
  each = _each(table, find(law), options, by)
  fits = lockstep.run(lockstep.gather(list(each.values())))
  return Fits(by, dict(zip(each, fits, strict=True)))


def fitting_table(
  table, law: str | Law, **options: Unpack[Options]
) -> Search[Fit]:
  """`fit` without `by`, as a search that others may go beside; it raises what
  there is to raise at once."""
  law = find(law)
  choices = Choices.of(law, **options)
  return fitting(law, read(table, law, choices), choices)


def _each(table, law: Law, options: Options, by: str) -> dict[str, Search[Fit]]:
  choices = Choices.of(law, **options)
  frame = tables.rename(
    tables.load(table, law, choices.columns), law, choices.columns
  )
  if by not in frame:
    raise InputError(f"by: no column {by!r} in the table")
  frame = tables.select(frame, law)
  searches = {}
  for name, rows in frame.groupby(by, sort=True):
    try:
      searches[str(name)] = fitting(law, read(rows, law, choices), choices)
    except InputError as problem:
      raise InputError(f"{by} {name}: {problem}") from None
  return searches


def fitting(
  law: Law, data: Data, choices: Choices, *, scales=None
) -> Search[Fit]:
  """Fits a law to checked data; it raises before the search begins.

  Args:
    law, data, choices: what is fitted to what, and how.
    scales: symbol -> unit inside the fit; another fit's, so that both have the
      same coordinates. By default the data's own.

  Raises:
    InputError: too few levels or rows for the parameters that move.
  """
  check_levels(law, data, choices)
  scales = scales or prepare.scales_of(law, data)
  problem = prepare.build(law, data, choices, scales)
  wanted = int(problem.free.sum())
  if len(data.loss) < wanted:
    raise InputError(
      f"{len(data.loss)} rows for {wanted} parameters of law {law.name}: "
      f"more runs are needed"
    )
  return _fitting(problem, data, choices, scales)


def _fitting(
  problem: Problem, data: Data, choices: Choices, scales
) -> Search[Fit]:
  lanes = yield from solve(problem)
  bare = replace(problem, guard=0.0)
  best = int(np.argmin(_admissible(problem, lanes)))
  return Fit(
    law=problem.law,
    choices=choices,
    scales=scales,
    groups=data.groups,
    x=lanes.x[best],
    objective=float(evaluate(bare, lanes.x[[best]]).objective[0]),
    n=len(data.loss),
    certificate=certify(problem, data, lanes, best),
    basins=basins(lanes),
    problem=problem,
    data=data,
  )


def _admissible(problem: Problem, lanes: Polished) -> np.ndarray:
  """Objectives, infinite where a law's own checks fail (if any pass)."""
  objective = lanes.objective
  for fails in broken(problem, lanes.x).values():
    if not fails.all():
      objective = np.where(fails, np.inf, objective)
  return objective
