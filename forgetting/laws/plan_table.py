"""The runs of a plan as people read them: a line a size and amount of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forgetting.records import text_table

if TYPE_CHECKING:
  import pandas as pd

CELL = ("model_params", "target_tokens", "injection")
HEADER = ("model params", "target tokens", "runs", "FLOPs", "injection x seeds")


def counted(runs: pd.DataFrame) -> pd.DataFrame:
  """One row a cell.

  Args:
    runs: with the columns of CELL, cost of a run, and seeds where a row is
      several.

  Returns:
    the columns of CELL, seeds and cost (of all of them), sorted.
  """
  seeds = runs["seeds"] if "seeds" in runs else 1
  whole = runs.assign(seeds=seeds, cost=runs["cost"] * seeds)
  grouped = whole.groupby(list(CELL), as_index=False)
  return grouped[["seeds", "cost"]].sum()


def lines(runs: pd.DataFrame) -> list[str]:
  """The table; nothing where there is no run.

  Args:
    runs: as of `counted`.
  """
  if not len(runs):
    return []
  cells = counted(runs)
  rows = [HEADER]
  for (size, tokens), part in cells.groupby(list(CELL[:2])):
    told = ", ".join(
      f"{100 * p:.3g}% x{seeds:.0f}"
      for p, seeds in zip(part["injection"], part["seeds"], strict=True)
    )
    rows.append(
      (
        f"{size:,.0f}",
        f"{tokens:,.0f}",
        f"{part['seeds'].sum():.0f}",
        f"{part['cost'].sum():.2g}",
        told,
      )
    )
  width = max(len(row[-1]) for row in rows)
  return text_table.lines([(*r[:-1], r[-1].ljust(width)) for r in rows], left=0)
