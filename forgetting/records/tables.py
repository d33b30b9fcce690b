"""Tidy tables: one row a run, one row an evaluation, one row a text."""

from collections.abc import Mapping
import os

import numpy as np

from forgetting.config import Run, domain_name
from forgetting.records import controls, table_file, tokenizers
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
  "steps", "tokens", "status", "replay", "method", "optimizer",
  "peak_lr", "kl_pretrain", "kl_target", "weight_distance",
  "planned_tokens", "bottom_step", "replay_source",
)  # fmt: skip

LOSSES = (
  "pretrain_loss", "base_pretrain_loss", "target_loss", "base_target_loss",
)  # fmt: skip
# of an evaluation: what is null where it was not finite, or not measured
MEASURED = ("_loss", "_bits_per_byte", "_standard_error")
# how far a run's best is from its base: what older results do not tell
DRIFT = ("kl_pretrain", "kl_target", "weight_distance")
REQUIRED = (
  "model_params", "target_tokens", "injection", "pretrain_loss",
  "base_pretrain_loss", "target_loss", "domain",
)  # fmt: skip


def axes(study: str, run: Run) -> dict:
  """Tells the columns of a run that are known before it is done.

  Args:
    study: the study's name.
    run: its config.

  Returns:
    column -> value, of those of `COLUMNS` that the config alone decides.
  """
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
    replay_source=run.replay_source_word,
    method=run.method.word,
    optimizer=run.optimizer.word,
    peak_lr=run.optimizer.peak_lr,
    planned_tokens=run.steps * run.tokens_per_step,
  )


def load(root: str | os.PathLike, *, columns: Mapping[str, str] | None = None):
  """Reads what became of the runs of a study.

  Args:
    root: a study, a folder of studies, an exported study, or a table from any
      trainer (see `table_file.read`) with at least the columns of `REQUIRED`.
    columns: our name of a column -> the table's, of a table from a file.

  Returns:
    a pandas.DataFrame, one row a run, with the columns of `COLUMNS` and then
    those that a table has beside them, `table_columns.LINE` last. Losses are
    nats per token, of one tokenizer's where there are several
    (`tokenizers.compared`, whose columns come along); a run that is not done
    has status `unfinished` and no losses.

  Raises:
    InputError: nothing there, or columns missing.
  """
  import pandas as pd

  path = place(root)
  if not path.is_file() and exported(path):
    path = path / EXPORTED["runs"]
  if path.is_file():
    table = table_file.read(
      path, columns=columns, required=REQUIRED, lines=True
    )
    return _completed(table, table_file.stem(path))
  found = list(run_directories(path))
  results = tokenizers.compared(
    found, places.each([d for d, _ in found], RunDirectory.result)
  )
  # a study is called by its folder, which may have been copied or renamed
  rows = [
    {"status": "unfinished", **axes(name, run), **result, "study": name}
    for (d, run), result in zip(found, results, strict=True)
    for name in (d.path.parent.name,)
  ]
  several = any(tokenizers.PER_TOKEN_OF in row for row in rows)
  beside = tokenizers.COLUMNS if several else ()
  table = pd.DataFrame(rows, columns=[*COLUMNS, *beside])
  # losses that no run of a half-done study has yet are no words
  numbers = (*LOSSES, *DRIFT, "bottom_step")
  table = table.astype(dict.fromkeys(numbers, float))
  return table.assign(**controls.columns(found, results))


def _completed(table, name: str):
  """A table of another trainer with all columns that a study's has."""
  defaults = dict(
    run=[f"row{i}" for i in range(len(table))], study=name, seed=0,
    status="done", total_params=table.model_params,
    target_tokens_asked=table.target_tokens,
  )  # fmt: skip
  for column in COLUMNS:
    if column not in table:
      table[column] = defaults.get(column, np.nan)
  return table[[*COLUMNS, *(c for c in table if c not in COLUMNS)]]


def curves(root: str | os.PathLike):
  """Reads every evaluation of the runs of a study.

  Args:
    root: a study, a folder of studies, or an exported study.

  Returns:
    a pandas.DataFrame, one row an evaluation: the columns of the run that its
    config decides, then those of its records (losses in nats per token).

  Raises:
    InputError: nothing there.
  """
  import pandas as pd

  if exported(place(root)):
    return _of_numbers(table_file.read(place(root) / EXPORTED["curves"]))
  rows, found = [], list(run_directories(place(root)))
  scales = tokenizers.scales(found)
  records = places.each([d for d, _ in found], RunDirectory.records)
  for (directory, run), of_run, by in zip(found, records, scales, strict=True):
    known = axes(directory.path.parent.name, run) | by
    rows += [known | tokenizers.rescaled(record, by) for record in of_run]
  return _of_numbers(pd.DataFrame(rows))


def _of_numbers(curves):
  """Losses that no evaluation has, as where all runs diverged, are no words."""
  measured = [name for name in curves if name.endswith(MEASURED)]
  return curves.astype(dict.fromkeys(measured, float))


def blends(root: str | os.PathLike):
  """Reads what was measured between base and best of the runs of a study.

  Args:
    root: a study or a folder of studies.

  Returns:
    a pandas.DataFrame, one row a point: the columns of the run that its config
    decides, remedy (`averaging` or `largest`), strength (weight of best, or
    part of the changes that is kept; 0 is base), losses, forgetting and its
    standard error in nats a token. Empty where nothing was measured.

  Raises:
    InputError: nothing there.
  """
  import pandas as pd

  rows, found = [], list(run_directories(place(root)))
  scales = tokenizers.scales(found)
  measured = places.each([d for d, _ in found], RunDirectory.blends)
  for (directory, run), of_run, by in zip(found, measured, scales, strict=True):
    known = axes(directory.path.parent.name, run) | by
    for remedy, strength in (("averaging", "weight"), ("largest", "kept")):
      for point in of_run.get(remedy, ()):
        told = dict(remedy=remedy, strength=point[strength])
        point = tokenizers.rescaled(point, by)
        rows.append(
          known | told | {k: point[k] for k in point if k != strength}
        )
  return pd.DataFrame(rows)


def data(root: str | os.PathLike):
  """Reads from which text exactly the runs of a study were made.

  Args:
    root: a study, a folder of studies, or an exported study.

  Returns:
    a pandas.DataFrame, one row a source of text: run (the first that read
    it), name, source (package versions and hashes, or a path and its
    content's), licence, documents, dropped, split_rule, tokenizer (with its
    hash), context, train_sha256 and validation_sha256 of the chunks. Text
    that differs between runs is told apart by more than one row of a name.

  Raises:
    InputError: nothing there.
  """
  import pandas as pd

  if exported(place(root)):
    return table_file.read(place(root) / EXPORTED["data"])
  found = list(run_directories(place(root)))
  results = places.each([d for d, _ in found], RunDirectory.result)
  rows = [
    {"run": run.name} | about
    for (_, run), result in zip(found, results, strict=True)
    for about in result.get("data", {}).values()
  ]
  table = pd.DataFrame(rows)
  return table[~table.drop(columns="run", errors="ignore").duplicated()]
