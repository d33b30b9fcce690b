"""Fine-tunings by different methods are different experiments: one at a time.

A table's column `method` tells them apart, `optimizer` and `peak_lr` those of
one method. What reads a table takes the rows of one method, in each cell those
of its usual optimizer and learning rate, and says which it left out; none pools
them.
"""

from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError
from forgetting.config.method import FULL
from forgetting.config.replay_source import OWN, SELF, SelfText
from forgetting.records import tokenizers
from forgetting.records.table_columns import DONE

if TYPE_CHECKING:
  import pandas as pd


# policies of replay that inject as if from all of the pretraining text
RANDOM_REPLAY = ("none", "uniform")


def by_method(
  table: "pd.DataFrame", method: str | None = None
) -> tuple["pd.DataFrame", str | None]:
  """Keeps the fine-tunings by one method and rate, and all pretrainings.

  Of a cell (domain, model and target tokens) in which one optimizer and
  learning rate is the usual one, see `settings`, those of others are left out.

  Args:
    table: a data frame, one row a run; a row that names no method is full
      fine-tuning, as all were before there were others.
    method: its word in the column `method`. None: full fine-tuning, or the one
      method of a table that has no other.

  Returns:
    the rows; and a line on what was kept and what was left out, and on
    tokenizers that differ; None where nothing was, there is nothing else than
    full fine-tuning, and one tokenizer.

  Raises:
    InputError: the table has no fine-tuning by that method, or several but for
      full fine-tuning where none was asked for.
  """
  if "method" not in table:
    if method not in (None, FULL.word):
      raise InputError(
        f"--method: found {method!r}, expected a table with a column `method`"
      )
    return table, _line(table)
  words = table["method"].where(table["method"].notna(), FULL.word).astype(str)
  words = words.where(words != "", FULL.word)
  tuned = finetunings(table)
  counts = words[tuned].value_counts().sort_index()
  if method is None and len(counts) <= 1:
    method = counts.index[0] if len(counts) else FULL.word
  method = method or FULL.word
  if len(counts) and method not in counts:
    raise InputError(
      f"--method: found {method!r}, expected one that the table has:"
      f" {', '.join(counts.index)}"
    )
  rest = counts.drop(method, errors="ignore")
  rows = table[(words == method) | ~tuned]
  rows, rates = _by_rate(rows)
  line = None
  if len(rest):
    left = ", ".join(f"{word} ({count})" for word, count in rest.items())
    line = (
      f"method {method}: {counts[method]} runs; left out, to be asked for with"
      f" --method: {left}"
    )
  elif method != FULL.word:
    line = f"method: all fine-tunings are by {method}"
  return rows, _line(table, line, rates)


def _line(table: "pd.DataFrame", *parts: str | None) -> str | None:
  """What is to be said of a table that is fitted."""
  return "; ".join(filter(None, (tokenizers.line(table), *parts))) or None


def settings(rows: "pd.DataFrame") -> "pd.Series":
  """Counts a cell's runs by optimizer and learning rate, the usual ones first.

  Where text is injected in some, those decide: rates are tried without it.

  Args:
    rows: fine-tunings of one cell by one method.

  Returns:
    (optimizer, peak_lr) -> runs; equal counts in the order of their names.
  """
  if "injection" in rows and (rows["injection"] > 0).any():
    rows = rows[rows["injection"] > 0]
  counts = rows.groupby(["optimizer", "peak_lr"], dropna=False).size()
  return counts.sort_values(ascending=False, kind="stable")


def _by_rate(table: "pd.DataFrame") -> tuple["pd.DataFrame", str | None]:
  """Keeps in each cell the runs of its usual optimizer and learning rate."""
  cell = ["domain", "model_params", "target_tokens"]
  if not {*cell, "optimizer", "peak_lr"} <= {*table.columns}:
    return table, None
  is_tuned = np.asarray(finetunings(table))
  tried = table.loc[is_tuned, [*cell, "optimizer", "peak_lr"]].drop_duplicates()
  if not tried.duplicated(cell).any():  # as in most studies
    return table, None
  tuned = table.reset_index(drop=True)[is_tuned]
  other = np.zeros(len(table), bool)
  for _, rows in tuned.groupby(cell):
    counts = settings(rows)
    if len(counts) == 1 or counts.iloc[0] > counts.iloc[1]:
      usual = " ".join(map(str, counts.index[0]))
      words = rows["optimizer"].map(str) + " " + rows["peak_lr"].map(str)
      other[rows.index[words != usual]] = True
  if not other.any():
    return table, None
  return table[~other], (
    f"{other.sum()} runs of other learning rates or optimizers than the usual"
    " ones of their cell left out (forgetting remedies compares them)"
  )


def random_injection(
  table: "pd.DataFrame", reference: str | None = None
) -> "pd.DataFrame":
  """Keeps the runs that inject by chance, as the laws assume.

  Args:
    table: one row a run; without a column `replay` all rows are kept.
    reference: as of `by_chance`.

  Returns:
    the rows whose replay policy is none or uniform, or whose text is from what
    stands for the parent's own corpus: `replay_reference`.
  """
  if "replay" not in table:
    return table
  policy = table["replay"]
  kept = policy.isna() | policy.isin(RANDOM_REPLAY)
  reference = reference or replay_reference(table)
  if reference != OWN:
    kept |= policy == f"from-{reference}"
  return table[kept]


def replay_line(table: "pd.DataFrame") -> str | None:
  """That another text stands for the parent's own corpus, if one does.

  Args:
    table: one row a run.
  """
  if (reference := replay_reference(table)) == OWN:
    return None
  return (
    "nothing of the parent's own corpus was injected: what it wrote,"
    f" {reference}, stands for it"
  )


def by_replay_source(
  table: "pd.DataFrame", *, domain: str | None = None
) -> "pd.DataFrame":
  """Keeps the fine-tunings by one method whose injected text came by chance.

  Args:
    table: a data frame, one row a run, as of `load`.
    domain: only fine-tunings on it.

  Returns:
    the rows that are done, as of `by_chance`.

  Raises:
    InputError: the table has no such column.
  """
  if "replay_source" not in table:
    raise InputError(
      "the table has no column replay_source, expected where injected text is"
      " from"
    )
  rows = table[finetunings(table) & (table["status"] == DONE)]
  if domain is not None:
    rows = rows[rows["domain"].astype(str) == domain]
  return by_method(by_chance(rows, replay_reference(table)))[0]


def by_chance(
  table: "pd.DataFrame", reference: str | None = None
) -> "pd.DataFrame":
  """Keeps what injects text by chance, from whatever source, and no text.

  Chosen text of the parent's own corpus is another question.

  Args:
    table: a data frame, one row a run or an evaluation.
    reference: the source that stands for the parent's own corpus, where the
      table is a part of what tells; by default as `replay_reference` says.

  Returns:
    the rows; those of the reference are as if its text were the parent's own.
  """
  if "replay" not in table:
    return table
  if "replay_source" not in table:
    return table[table["replay"].isna()]
  source = table["replay_source"]
  named = source.notna() & (source != OWN) & finetunings(table)
  rows = table[named | table["replay"].isna()]
  reference = reference or replay_reference(table)
  if reference == OWN:
    return rows
  stands = rows["replay_source"] == reference
  return rows.assign(
    replay_source=rows["replay_source"].mask(stands, OWN),
    replay=rows["replay"].mask(stands, None),
  )


def replay_reference(table: "pd.DataFrame") -> str:
  """The source that others are told beside.

  Args:
    table: one row a run.

  Returns:
    OWN; where no run injects the parent's own corpus, as of a public model,
    the word for what the parent writes, at temperature 1 if that was tried.
  """
  if "replay_source" not in table:
    return OWN
  words = {*table["replay_source"][finetunings(table)].dropna()}
  written = sorted(word for word in words if word.startswith(f"{SELF}-"))
  if OWN in words or not written:
    return OWN
  plain = SelfText(chunks=1).word
  return plain if plain in written else written[0]


def finetunings(table: "pd.DataFrame"):
  """Which rows are fine-tunings; all, where the table does not say.

  Args:
    table: a data frame, one row a run.
  """
  if "domain" not in table:
    return np.ones(len(table), bool)
  domain = table["domain"]
  return domain.notna() & (domain.astype(str) != "")
