"""Tidy tables: one row a run, one row an evaluation, one row a text."""

import os
import pathlib

import numpy as np

from forgetting.config import InputError, Run, domain_name
from forgetting.records.directory import (
  EXPORTED,
  RunDirectory,
  exported,
  run_directories,
)
from forgetting.storage import places
from forgetting.storage.places import place

COLUMNS = (
  "run", "study", "domain", "model_params", "total_params", "target_tokens",
  "target_tokens_asked", "injection", "seed", "pretrain_loss",
  "base_pretrain_loss", "target_loss", "base_target_loss", "best_step",
  "steps", "tokens", "status", "replay",
)  # fmt: skip

# policies of replay that inject as if from all of the pretraining text
RANDOM_REPLAY = ("none", "uniform")

LOSSES = (
  "pretrain_loss", "base_pretrain_loss", "target_loss", "base_target_loss",
)  # fmt: skip
REQUIRED = (
  "model_params", "target_tokens", "injection", "pretrain_loss",
  "base_pretrain_loss", "target_loss", "domain",
)  # fmt: skip


def axes(study: str, run: Run) -> dict:
  """The columns of a run that are known before it is done."""
  return dict(
    run=run.name,
    study=study,
    domain=domain_name(run.domain),
    model_params=run.model.model_params,
    total_params=run.model.total_params,
    target_tokens=run.target_tokens,
    target_tokens_asked=run.target_tokens_asked,
    injection=run.injection,
    seed=run.seed,
    replay=run.replay_policy,
  )


def load(root: str | os.PathLike):
  """One row a run, as a pandas.DataFrame with the columns of `COLUMNS`.

  Args:
    root: a study, a folder of studies, an exported study, or a CSV or parquet
      file from any trainer with at least the columns of `REQUIRED`.

  Raises:
    InputError: nothing there, or columns missing.
  """
  import pandas as pd

  path = place(root)
  if path.is_file():
    return _load_table(path)
  if exported(path):
    return _load_table(path / EXPORTED["runs"])
  found = list(run_directories(path))
  results = places.each([d for d, _ in found], RunDirectory.result)
  rows = [
    {"status": "unfinished"} | axes(d.path.parent.name, run) | result
    for (d, run), result in zip(found, results, strict=True)
  ]
  table = pd.DataFrame(rows, columns=list(COLUMNS))
  # losses that no run of a half-done study has yet are no words
  return table.astype(dict.fromkeys(LOSSES, float))


def _parquet(file: pathlib.Path):
  import pandas as pd

  with file.open("rb") as content:
    return pd.read_parquet(content)


def _load_table(path: pathlib.Path):
  import pandas as pd

  readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
  if path.suffix not in readers:
    raise InputError(
      f"{path}: found {path.suffix!r}, expected .csv or .parquet"
    )
  with path.open("rb") as file:
    table = readers[path.suffix](file)
  missing = [column for column in REQUIRED if column not in table]
  if missing:
    raise InputError(f"{path}: columns {missing} are missing; found {[*table]}")
  defaults = dict(
    run=[f"row{i}" for i in range(len(table))], study=path.stem, seed=0,
    status="done", total_params=table.model_params,
    target_tokens_asked=table.target_tokens,
  )  # fmt: skip
  for column in COLUMNS:
    if column not in table:
      table[column] = defaults.get(column, np.nan)
  return table[[*COLUMNS, *(c for c in table if c not in COLUMNS)]]


def random_injection(table):
  """The rows of a table that inject by chance, as the laws assume."""
  if "replay" not in table:
    return table
  policy = table["replay"]
  return table[policy.isna() | policy.isin(RANDOM_REPLAY)]


def curves(root: str | os.PathLike):
  """One row an evaluation, as a pandas.DataFrame: a run's axes, its records."""
  import pandas as pd

  if exported(place(root)):
    return _parquet(place(root) / EXPORTED["curves"])
  rows, found = [], list(run_directories(place(root)))
  records = places.each([d for d, _ in found], RunDirectory.records)
  for (directory, run), of_run in zip(found, records, strict=True):
    known = axes(directory.path.parent.name, run)
    rows += [known | record for record in of_run]
  return pd.DataFrame(rows)


def data(root: str | os.PathLike):
  """One row a source of text, as a pandas.DataFrame: the exact data.

  Columns: run (the first that read it), name, source (package versions and
  hashes, or a path and its content's), licence, documents, dropped,
  split_rule, tokenizer (with its hash), context, train_sha256 and
  validation_sha256 of the chunks. Text that differs between runs is told
  apart by more than one row of a name.
  """
  import pandas as pd

  if exported(place(root)):
    return _parquet(place(root) / EXPORTED["data"])
  found = list(run_directories(place(root)))
  results = places.each([d for d, _ in found], RunDirectory.result)
  rows = [
    {"run": run.name} | about
    for (_, run), result in zip(found, results, strict=True)
    for about in result.get("data", {}).values()
  ]
  table = pd.DataFrame(rows)
  return table[~table.drop(columns="run", errors="ignore").duplicated()]
