"""What the command answers to fit --compare: the laws side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from forgetting import records
from forgetting.config import InputError
from forgetting.laws import table as tables
from forgetting.laws.answers import Report, domains_of, with_line
from forgetting.laws.compare import compare as compare_laws
from forgetting.laws.compare import compare_pooling
from forgetting.laws.law import find, variants


def compare(
  table,
  *,
  family: str | None = None,
  by: str | None = None,
  columns: Mapping[str, str] | None = None,
  method: str | None = None,
) -> Report:
  """Answers `forgetting fit --compare`: the table of laws, for each group.

  Args:
    table: as for `laws.fit`.
    family: laws that predict the same loss; by default the family whose
      columns the table has.
    by: a column; one table of laws for each of its values.
    columns: ours -> theirs.
    method: of the fine-tunings, as of `records.by_method`.

  Raises:
    InputError: no such family or column, or nothing that can be fitted.
  """
  frame, line = records.by_method(tables.load(table, None, columns), method)
  family = family or _family(frame, columns)
  law = find(variants(family)[0][0])
  frame = tables.rename(frame, law, columns)
  by = by or domains_of(frame, law)
  if by is not None and by not in frame:
    raise InputError(f"by: no column {by!r} in the table")
  parts = frame.groupby(by, sort=True) if by else [("", frame)]
  texts, out = [], {}
  for name, rows in parts:
    result = compare_laws(rows, family)
    texts.append(f"{by} {name}\n{result}" if by else str(result))
    out[str(name)] = records_of(result)
  data: dict[str, Any] = {"by": by, "groups": out} if by else {"laws": out[""]}
  if by == "domain" and len(out) > 1 and law.rows == "finetunings":
    pooled = compare_pooling(frame, law)
    texts.append(f"{law.name}, all domains\n{pooled}")
    data["pooled"] = records_of(pooled)
  text = with_line(line, "\n\n".join(texts))
  return Report(text, {"family": family, **data})


def records_of(comparison) -> list[dict]:
  """Turns a comparison into one dict a law: its row, and its backtests."""
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
