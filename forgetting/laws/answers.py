"""What the command answers to fit, advise and predict.

Each function returns a Report: text for people and a dict for JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import os

from forgetting import records
from forgetting.config import InputError
from forgetting.laws import curve as curves
from forgetting.laws import fits as stored
from forgetting.laws import lockstep
from forgetting.laws import table as tables
from forgetting.laws.advise import advise as ask
from forgetting.laws.advisors import SMALL_LAW, fit_advisors
from forgetting.laws.budget import check
from forgetting.laws.criteria import CLEAR, aicc
from forgetting.laws.curve import Curve
from forgetting.laws.fit import fit as fit_table
from forgetting.laws.fits import Fits, working_out
from forgetting.laws.fitted import Fit
from forgetting.laws.law import find
from forgetting.laws.ratio import RatioTest, testing
from forgetting.records.table_columns import LINE
from forgetting.storage.places import place


@dataclass(frozen=True)
class Report:
  """An answer to one of the command's verbs.

  Attributes:
    text: for people.
    data: for JSON.
    table: a data frame behind it, or None.
  """

  text: str
  data: dict
  table: object = None


def fit(
  table,
  *,
  law: str | None = None,
  by: str | None = None,
  columns: Mapping[str, str] | None = None,
  free: Sequence[str] = (),
  fixed: Mapping[str, float] | None = None,
  loss: str | None = None,
  method: str | None = None,
  net: bool = False,
) -> Report:
  """Answers `forgetting fit`: a law, or for a study all of its laws.

  Args:
    table: as for `laws.fit`.
    law: a name; None fits the laws of fine-tuning, each domain by itself, and
      says why one is left out.
    by: a column; one fit for each of its values.
    columns: ours -> theirs.
    free: optional parameters to fit.
    fixed, loss: as for `laws.fit`.
    method: of the fine-tunings, as of `records.by_method`.
    net: takes off what a control has learnt: see `records.net_of_control`.

  Raises:
    InputError: one line on what is wrong with the table or the arguments.
  """
  options = dict(free=tuple(free), fixed=fixed, loss=loss)
  named = None if law is None else find(law)
  frame, line = runs_of(tables.load(table, named, columns), method, net)
  if named is not None:
    text, data = _fit_one(frame, named, by, columns, options)
    return Report(with_line(line, text), data)
  group = by or ("domain" if "domain" in frame else None)
  texts, out, refused = [], {}, {}
  for name in _measured(frame, columns):
    try:
      text, out[name] = _fit_one(frame, name, group, columns, options)
    except InputError as problem:
      refused[name] = problem
      text = f"law {name} left out: {problem}"
    texts.append(text)
  if not out and free:
    raise next(iter(refused.values()))
  if not out:
    held = dict(fixed=fixed, loss=loss)
    text, out = _widest(frame, group, columns, held, refused)
    texts = [text]
  return Report(with_line(line, "\n\n".join(texts)), out)


def _widest(frame, by, columns, options, refused: Mapping[str, InputError]):
  """The widest law of tokens that a small table identifies, group by group.

  Raises:
    InputError: why the published law was refused, where it cannot be fitted.
  """
  law = find(SMALL_LAW)
  small: Fit | Fits
  try:
    rows = tables.select(tables.rename(frame, law, columns), law)
    if by is not None and by not in rows:
      raise InputError(f"by: no column {by!r} in the table")
    if by is None:
      small = _of_tokens(rows, options)
    else:
      parts = rows.groupby(rows[by].astype(str))
      small = Fits(by, {k: _of_tokens(part, options) for k, part in parts})
  except InputError:
    raise next(iter(refused.values())) from None
  told = [f"law {name} left out: {why}" for name, why in refused.items()]
  told += ["the widest law that these runs identify:", str(small)]
  return "\n\n".join(told), {law.name: small.as_dict()}


def _of_tokens(rows, options) -> Fit:
  """The law of tokens as advice takes it, which holds parts of it."""
  advisors = fit_advisors(rows, **options)
  for form in advisors.forms:
    if form.law.name == SMALL_LAW:
      return form
  raise InputError(advisors.refused[SMALL_LAW])


def runs_of(frame, method: str | None, net: bool = False):
  """The runs that are fitted, and a line on what was done to them.

  Args:
    frame: a data frame, one row a run.
    method, net: as of `fit`.

  Returns:
    the rows, and the line or None.

  Raises:
    InputError: as of `records.by_method` and `records.net_of_control`.
  """
  frame, line = records.by_method(frame, method)
  line = "\n".join(filter(None, (line, records.replay_line(frame)))) or None
  if not net:
    return frame, line
  frame, off = records.net_of_control(frame)
  return frame, "\n".join(filter(None, (line, off)))


def with_line(line: str | None, text: str) -> str:
  """A text behind the line on methods that were left out, if any were."""
  return f"{line}\n\n{text}" if line else text


# of a study, when no law is named
FITTED = ("forgetting", "tokens", "target", "bottom")


def _measured(frame, columns) -> list[str]:
  """The laws of fine-tuning whose loss the table has; all if it has none."""
  names = {*frame.columns, *(columns or {})}
  kept = [
    name
    for name in FITTED
    if names & {*find(name).loss.columns}
    or (find(name).rows == "turned" and {"best_step", "steps"} <= names)
  ]
  return kept or list(FITTED[:-1])


def _fit_one(frame, law, by, columns, options):
  """The text and JSON of one law, with its nested choices beside it."""
  law, free = find(law), options["free"]
  if by is None:
    by = domains_of(tables.rename(frame, law, columns), law)
  result = fit_table(frame, law, by=by, columns=columns, **options)
  groups = result if isinstance(result, Fits) else {"": result}
  fits = list(groups.values())
  lockstep.run(working_out(fits))
  lockstep.run(lockstep.gather([fitted.missing() for fitted in fits]))
  tests: dict[str, RatioTest] = {}
  if law.name == "forgetting" and not free and not options["fixed"]:
    made = lockstep.run(lockstep.gather([testing(fitted) for fitted in fits]))
    tests = dict(zip(groups, made, strict=True))
  texts = []
  wide = {}
  for option in law.nested:
    if option in free or option in (options["fixed"] or {}):
      continue
    more = options | {"free": (*free, option)}
    try:
      wide[option] = fit_table(frame, law, by=by, columns=columns, **more)
    except InputError:
      continue  # a table that the law fits may be too small for one more
  for name, fitted in groups.items():
    lines = [f"{by} {name}"] if by else []
    lines.append(str(fitted))
    for option, other in wide.items():
      one = other[name] if isinstance(other, Fits) else other
      lines.append(_beside(fitted, one, option))
    if name in tests:
      lines.append(str(tests[name]))
    texts.append("\n".join(lines))
  return "\n\n".join(texts), result.as_dict()


def domains_of(frame, law) -> str | None:
  """Tells by which column the runs of a table must be fitted apart.

  Args:
    frame: a data frame with our names.
    law: a Law.

  Returns:
    "domain" where a law of fine-tuning meets several domains, else None.
  """
  if not law.tunes or "domain" not in frame:
    return None
  return "domain" if frame["domain"].dropna().nunique() > 1 else None


def _beside(fitted, wide, option: str) -> str:
  """One line on a nested choice: what freeing a parameter brings."""
  change = aicc(wide) - aicc(fitted)
  verdict = "worth it" if change < -CLEAR else "not worth a parameter"
  edge = ", ".join(wide.certificate.at_bounds)
  note = f"; then {edge} on a bound" if edge else ""
  return (
    f"  with {option} free: {option} = {wide.params[option]:.4g}, mean "
    f"relative error {100 * fitted.mean_relative_error:.3g} -> "
    f"{100 * wide.mean_relative_error:.3g} %, AICc {change:+.1f}: "
    f"{verdict}{note}"
  )


def advise(
  source, *, method: str | None = None, net: bool = False, **asked
) -> Report:
  """Answers `forgetting advise`: see `forgetting.laws.advise`.

  Args:
    source: a table, a study directory, a Fit or Fits, or a JSON file of one.
    method, net: as for `fit`.
    asked: as for `forgetting.laws.advise`; `curve` may also be a table. A
      study directory brings its own curve.

  Raises:
    InputError: as `forgetting.laws.advise`, or a curve that cannot be read.
  """
  curve, size = asked.get("curve"), asked["model_params"]
  check(model_params=size, target_tokens=asked["target_tokens"])
  try:
    asked["curve"] = _curve(source, curve, size)
  except InputError:
    # A curve that nobody asked for only says the tolerance in one more unit.
    if curve is not None or asked.get("unit") == "progress":
      raise
    asked["curve"] = None
  law = asked.get("law")
  read, line = stored.read(source, law), None
  if not isinstance(read, (Fit, Fits)):
    table = tables.load(read, find(law) if law else None, asked.get("columns"))
    read, line = runs_of(table, method, net)
  elif net or method:
    name = "--net" if net else "--method"
    raise InputError(
      f"{name}: found a fit, expected the study or table that it is made of"
    )
  advice = ask(read, **asked)
  return Report(with_line(line, str(advice)), advice.as_dict())


def _curve(source, given, model_params: float) -> Curve | None:
  """The pretraining curve of the size nearest to the one asked about."""
  if isinstance(given, Curve):
    return given
  if given is not None:
    table = tables.load(given)
  elif isinstance(source, (str, os.PathLike)) and place(source).is_dir():
    table = records.curves(source)
  else:
    return None
  return curves.nearest(curves.by_size(table), model_params)


def predict(
  source,
  rows,
  *,
  law: str | None = None,
  by: str | None = None,
  columns: Mapping[str, str] | None = None,
  level: float = 0.95,
  method: str | None = None,
) -> Report:
  """Answers `forgetting predict`: losses with intervals for a table's rows.

  Args:
    source: a fit's JSON file, a Fit or Fits, or a table to fit `law` to.
    rows: a table with the law's variables.
    law: which, of a fit's file that has several, or to fit to a table; by
      default `forgetting`.
    by: a column; one fit for each of its values.
    columns: ours -> theirs, of the rows or of a table to fit to: each counts
      for the one that has the column.
    level: of the intervals.
    method: of the fine-tunings of a table to fit to, as of
      `records.by_method`.

  Returns:
    a Report whose `table` has the rows and their predictions.

  Raises:
    InputError: a fit or a table that cannot be read, or no rows.
  """
  fitted, asked, line = stored.read(source, law), tables.load(rows), None
  named, known = dict(columns or {}), find(law or stored.USUAL)
  of_rows = {ours: name for ours, name in named.items() if name in asked}
  if not isinstance(fitted, (Fit, Fits)):
    frame, line = runs_of(tables.load(fitted, None, columns), method)
    own = {k: v for k, v in named.items() if v in frame or k not in of_rows}
    by = by or domains_of(tables.rename(frame, known, own), known)
    fitted = fit_table(frame, known, by=by, columns=own)
  if not len(asked):
    raise InputError("the table to predict has no rows")
  told = asked.reset_index(drop=True).drop(columns=LINE, errors="ignore")
  ours = tables.rename(asked, known, of_rows) if of_rows else asked
  result = told.join(_predict(fitted, ours, level))
  text = with_line(line, result.to_string(index=False))
  return Report(text, {"rows": result.to_dict("records")}, result)


def _predict(fitted, asked, level):
  import pandas as pd

  if isinstance(fitted, Fit):
    return fitted.predict(asked, level)
  if fitted.by not in asked:
    raise InputError(f"the rows to predict have no column {fitted.by}")
  parts = []
  for name, rows in asked.groupby(fitted.by):
    if str(name) not in fitted:
      known = ", ".join(fitted)
      raise InputError(f"no {fitted.by} {name!r} in the fit: it has {known}")
    part = fitted[str(name)].predict(rows, level)
    parts.append(part.set_index(rows.index))
  return pd.concat(parts).sort_index()
