"""What the command's verbs do and print: one function a verb.

Each returns a Report: text for people and a dict for JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
import json
import os

import numpy as np

from forgetting.config import InputError
from forgetting.laws import table as tables
from forgetting.laws.advise import CLEAR
from forgetting.laws.advise import advise as ask
from forgetting.laws.compare import FAMILIES, aicc, compare_pooling
from forgetting.laws.compare import compare as compare_laws
from forgetting.laws.fit import fit as fit_table
from forgetting.laws.fitted import Fit, Fits
from forgetting.laws.law import find
from forgetting.laws.ratio import ratio_test
from forgetting.laws.tolerance import Curve
from forgetting.storage.places import place


@dataclass(frozen=True)
class Report:
  """A verb's answer.

  Attributes:
    text: for people.
    data: for JSON.
    table: a data frame behind it, or None.
  """

  text: str
  data: dict
  table: object = None


def parse_columns(text: str) -> dict[str, str]:
  """`loss=val_loss,N=params` -> a mapping from our names to the table's."""
  return pairs(text, "columns", "OURS=THEIRS, as in loss=val_loss")


def pairs(text: str, what: str, how: str) -> dict[str, str]:
  """`a=b,c=d` -> a dict; `how` tells what to write instead."""
  out = {}
  for part in filter(None, (p.strip() for p in text.split(","))):
    left, equals, right = part.partition("=")
    if not (left and equals and right):
      raise InputError(f"{what} {part!r}: write {how}")
    out[left.strip()] = right.strip()
  return out


def fit(
  table,
  *,
  law: str | None = None,
  by: str | None = None,
  columns: Mapping[str, str] | None = None,
  free: Sequence[str] = (),
) -> Report:
  """`forgetting fit`: a law, or for a study both of its laws, by domain."""
  free = tuple(free)
  if law is not None:
    return Report(*_fit_one(table, law, by, columns, free))
  frame = tables.load(table)
  group = by or ("domain" if "domain" in frame else None)
  texts, out = [], {}
  for name in _measured(frame, columns):
    text, out[name] = _fit_one(frame, name, group, columns, ())
    texts.append(text)
  return Report("\n\n".join(texts), out)


def _measured(frame, columns) -> list[str]:
  """The laws of fine-tuning whose loss the table has; both if neither."""
  laws, names = ["forgetting", "target"], {*frame.columns, *(columns or {})}
  kept = [name for name in laws if names & {*find(name).loss.columns}]
  return kept or laws


def _fit_one(table, law, by, columns, free):
  """The text and JSON of one law, with its nested choices beside it."""
  law = find(law)
  frame = tables.load(table)
  if by is None:
    by = _domains(tables.rename(frame, law, columns), law)
  result = fit_table(frame, law, by=by, columns=columns, free=free)
  groups = result.items() if by else [("", result)]
  texts = []
  wide = {
    option: fit_table(frame, law, by=by, columns=columns, free=(*free, option))
    for option in law.nested
    if option not in free
  }
  for name, fitted in groups:
    lines = [f"{by} {name}"] if by else []
    lines.append(str(fitted))
    for option, other in wide.items():
      lines.append(_beside(fitted, other[name] if by else other, option))
    if law.name == "forgetting" and not free:
      lines.append(str(ratio_test(fitted)))
    texts.append("\n".join(lines))
  return "\n\n".join(texts), result.as_dict()


def _domains(frame, law) -> str | None:
  """ "domain" where a fine-tuning law meets a table of several domains."""
  if law.rows != "finetunings" or "domain" not in frame:
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


def compare(
  table,
  *,
  family: str | None = None,
  by: str | None = None,
  columns: Mapping[str, str] | None = None,
) -> Report:
  """`forgetting fit --compare`: the table of laws, for each group."""
  frame = tables.load(table)
  family = family or _family(frame, columns)
  law = find(FAMILIES[family][0][0])
  frame = tables.rename(frame, law, columns)
  by = by or _domains(frame, law)
  if by is not None and by not in frame:
    raise InputError(f"by: no column {by!r} in the table")
  parts = frame.groupby(by, sort=True) if by else [("", frame)]
  texts, out = [], {}
  for name, rows in parts:
    result = compare_laws(rows, family)
    texts.append(f"{by} {name}\n{result}" if by else str(result))
    out[str(name)] = records_of(result)
  data = {"by": by, "groups": out} if by else {"laws": out[""]}
  if by == "domain" and len(out) > 1 and law.rows == "finetunings":
    pooled = compare_pooling(frame, law)
    texts.append(f"{law.name}, all domains\n{pooled}")
    data["pooled"] = records_of(pooled)
  return Report("\n\n".join(texts), {"family": family, **data})


def records_of(comparison) -> list[dict]:
  """One dict a law: the comparison's row, and its backtests."""
  rows = comparison.table.reset_index(names="law").to_dict("records")
  for row in rows:
    scores = comparison.scores[row["law"]]
    row["backtests"] = [asdict(score) for score in scores]
  return rows


def _family(frame, columns) -> str:
  known = {*frame.columns, *(columns or {})}
  if known & {"injection", "p"}:
    return "forgetting" if known & {"model_params", "N"} else "replay"
  if known & {"target_tokens"} and known & {"target_loss"}:
    return "target"
  return "chinchilla"


def advise(source, **asked) -> Report:
  """`forgetting advise`: see `forgetting.laws.advise`.

  Args:
    source: a table, a study directory, a Fit or Fits, or a JSON file of one.
    asked: as for `forgetting.laws.advise`; `curve` may also be a table. A
      study directory brings its own curve.
  """
  curve, size = asked.get("curve"), asked["model_params"]
  try:
    asked["curve"] = _curve(source, curve, size)
  except InputError:
    # A curve that nobody asked for only says the tolerance in one more unit.
    if curve is not None or asked.get("unit") == "progress":
      raise
    asked["curve"] = None
  advice = ask(load_fit(source), **asked)
  return Report(str(advice), advice.as_dict())


def _curve(source, given, model_params: float) -> Curve | None:
  """The pretraining curve of the size nearest to the one asked about."""
  if isinstance(given, Curve):
    return given
  if given is None:
    if not isinstance(source, (str, os.PathLike)) or not place(source).is_dir():
      return None
    from forgetting import records

    frame = records.curves(source)
    if "domain" in frame:
      domain = frame["domain"]
      frame = frame[domain.isna() | (domain.astype(str) == "")]
  else:
    frame = tables.load(given)
  for name in ("step", "pretrain_loss"):
    if name not in frame:
      raise InputError(f"no column {name} in the pretraining curve")
  if "model_params" in frame and len(frame):
    away = np.abs(np.log(frame["model_params"] / model_params))
    frame = frame[away == away.min()]
  if "run" in frame and frame["run"].nunique() > 1:
    frame = frame[frame["run"] == frame["run"].iloc[0]]
  frame = frame[np.isfinite(frame["pretrain_loss"].astype(float))]
  return Curve(frame["step"].to_numpy(), frame["pretrain_loss"].to_numpy())


def load_fit(source, law: str = "forgetting"):
  """A Fit or Fits from a JSON file; anything else as it is.

  Args:
    law: which, of a file that has several: what `forgetting fit STUDY` writes.
  """
  if not isinstance(source, (str, os.PathLike)):
    return source
  if not os.fspath(source).endswith(".json"):
    return source
  try:
    with open(source) as file:
      stored = json.load(file)
  except (OSError, ValueError) as problem:
    raise InputError(f"cannot read the fit {source}: {problem}") from None
  if law in stored:
    stored = stored[law]
  if "groups" in stored and "by" in stored:
    return Fits.from_json(json.dumps(stored))
  return Fit.from_dict(stored)


def predict(
  source,
  rows,
  *,
  law: str = "forgetting",
  by: str | None = None,
  columns: Mapping[str, str] | None = None,
  level: float = 0.95,
) -> Report:
  """`forgetting predict`: losses with intervals for the rows of a table.

  Args:
    source: a fit's JSON file, a Fit or Fits, or a table to fit `law` to.
    rows: a table with the law's variables.
  """
  fitted = load_fit(source, law)
  if not isinstance(fitted, (Fit, Fits)):
    frame = tables.load(fitted)
    by = by or _domains(tables.rename(frame, find(law), columns), find(law))
    fitted = fit_table(frame, law, by=by, columns=columns)
  asked = tables.load(rows)
  if not len(asked):
    raise InputError("the table to predict has no rows")
  result = asked.reset_index(drop=True).join(_predict(fitted, asked, level))
  return Report(
    result.to_string(index=False), {"rows": result.to_dict("records")}, result
  )


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
