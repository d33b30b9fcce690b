"""A forgetting matrix from a study's run directories, or from one file."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib
import zipfile

import numpy as np

from forgetting import records
from forgetting.associations.matrix import ForgettingMatrix, build
from forgetting.config import InputError, Pretrained, Run, domain_name
from forgetting.config.canonical import digest
from forgetting.config.names import short
from forgetting.records import RunDirectory, table_file, tokenizers
from forgetting.storage import places
from forgetting.storage.places import place

NAMES = {  # of the arrays in an npz
  "tasks": ("tasks",),
  "examples": ("examples", "upstream"),
  "sources": ("sources",),
  "families": ("families",),
  "repeats": ("repeats",),
  "parents": ("parents",),
  "targets": ("targets",),
  "texts": ("texts",),
}


def load(path: str | os.PathLike) -> ForgettingMatrix:
  """The forgetting matrix of a study, or one in a file.

  Args:
    path: a study's folder, exported or not; an npz with `Z` (tasks x
      examples) and, if there are any, `tasks`, `examples`, `sources`,
      `families`, `repeats`, `parents`, `targets`, `base`, `texts` (of the
      examples) and `task_texts`; or a CSV or parquet table with a row a task
      and a column an example, task names in the first column if that is no
      numbers.

  Raises:
    InputError: nothing there, or it is no forgetting matrix.
  """
  path = place(path)
  if records.exported(path):
    return _load_exported(path / records.EXPORTED["matrix"])
  if path.is_dir():
    return gather(path).without_unmeasured()
  if not path.exists():
    raise InputError(
      f"{path}: no such file, expected a study or a matrix (npz, CSV, parquet)"
    )
  if path.suffix.lower() == ".npz":
    return _load_npz(path)
  if table_file.is_table(path):
    return _load_table(path)
  raise InputError(
    f"{path}: found {path.suffix!r}, expected a study's folder or .npz,"
    " .csv, .parquet"
  )


def gather(study: str | os.PathLike) -> ForgettingMatrix:
  """The matrix that a study's finished fine-tunings have left.

  A row is best - base of a run's `examples.npz`. Columns are the examples by
  content id, in the order in which they are first met; an example that a run
  did not measure is NaN in its row. Rows that differ in nothing but seeds are
  repeats of one task.

  Args:
    study: its folder, local or in a bucket.

  Raises:
    InputError: no finished fine-tuning is there, or models with different
      tokenizers.
  """
  runs, directories = zip(*finished(study), strict=True)
  tokenizers.check_one(
    [*zip(directories, runs, strict=True)], "the forgetting matrix"
  )
  found = places.each(directories, RunDirectory.examples)
  column, sources = {}, {}
  for examples in found:
    for key, source in zip(examples["id"], examples["source"], strict=True):
      column.setdefault(key, len(column))
      sources.setdefault(key, source)
  values = np.full((len(found), len(column)), np.nan)
  base = np.full_like(values, np.nan)
  for row, examples in enumerate(found):
    at = [column[key] for key in examples["id"]]
    base[row, at] = examples["base"]
    values[row, at] = np.float64(examples["best"]) - examples["base"]
  return build(
    values,
    tasks=_task_names(runs),
    examples=list(column),
    sources=list(sources.values()),
    families=[domain_name(run.domain) for run in runs],
    repeats=[digest(_without_seed(run)) for run in runs],
    parents=_parent_words(runs),
    targets=[_target(run) for run in runs],
    base=base,
  )


def finished(study: str | os.PathLike) -> list[tuple[Run, RunDirectory]]:
  """The fine-tunings of a study that left a row, in the matrix's order.

  Args:
    study: its folder, local or in a bucket.

  Raises:
    InputError: there is none.
  """
  found = [
    (run, directory)
    for directory, run in records.run_directories(place(study))
    if run.domain is not None
    and directory.result().get("status") == "done"
    and (directory.path / "examples.npz").exists()
  ]
  if not found:
    raise InputError(
      f"{study}: found no finished fine-tuning, expected one or more with"
      " examples.npz; a done study has them"
    )
  return found


def _task_names(runs: Sequence[Run]) -> list[str]:
  """Run names without their hash, where that still tells them apart."""
  short = [run.name.rpartition("-")[0] for run in runs]
  return short if len(set(short)) == len(runs) else [run.name for run in runs]


def _parent_words(runs: Sequence[Run]) -> list[str]:
  """What each run started from, in as few words as tell them apart."""
  parts = {run.parent: _parent_parts(run) for run in runs}
  # all but what all have in common; the last are the fine-tunings before
  differ = [len({*column}) > 1 for column in zip(*parts.values(), strict=True)]
  differ[1] = True  # a pretraining's steps are told in any case
  words = {
    parent: " ".join(
      w for w, told in zip(own, differ, strict=True) if told and w
    )
    for parent, own in parts.items()
  }
  apart = len({*words.values()}) == len(words)
  return [words[r.parent] if apart else _name(r.parent) for r in runs]


def _parent_parts(run: Run) -> tuple[str, ...]:
  parent, root = run.parent, run.pretrained_by
  if root is None:
    return "", _name(parent), "", ""
  size = f"n{short(root.model.model_params)}"
  after = f"after {', '.join(run.after)}" if run.after else ""
  return size, f"{root.steps} steps", f"seed {root.seed}", after


def _name(parent: Run | Pretrained | None) -> str:
  if parent is None or isinstance(parent, Run):
    return parent.name if parent else ""
  return f"{parent.word}@{parent.revision}" if parent.revision else parent.word


def _target(run: Run) -> str:
  """What is learnt, and how, whatever the model and the seed."""
  axes = [str(run.domain), str(run.target_tokens), f"p{run.injection:g}"]
  axes.append(run.method.word)
  if not run.after and run.replay_policy:
    axes.append(run.replay_policy)
  return " ".join(axes)


def _without_seed(run: Run) -> Run:
  """The run with every seed 0, its parent's and those of what it measures."""
  replay = run.replay
  if replay and replay.measured_in:
    measured = _without_seed(replay.measured_in)
    replay = dataclasses.replace(replay, measured_in=measured)
  parent = run.parent
  if isinstance(parent, Run):
    parent = _without_seed(parent)
  return dataclasses.replace(run, seed=0, parent=parent, replay=replay)


def _load_exported(path: pathlib.Path) -> ForgettingMatrix:
  if not path.exists():
    raise InputError(
      f"{path}: no such file; the study had no finished fine-tuning when it"
      " was exported"
    )
  return _load_npz(path)


def _load_npz(path: pathlib.Path) -> ForgettingMatrix:
  try:
    with np.load(path, allow_pickle=False) as file:
      arrays = dict(file)
  except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
    raise InputError(f"{path}: cannot be read as npz ({error})") from None
  if "Z" not in arrays:
    raise InputError(
      f"{path}: found arrays {sorted(arrays)}, expected `Z` (tasks x examples)"
    )
  known = {
    ours: arrays[theirs]
    for ours, names in NAMES.items()
    for theirs in names
    if theirs in arrays
  }
  if "task_texts" in arrays:
    known["task_texts"] = [(str(text),) for text in arrays["task_texts"]]
  return _built(path, arrays["Z"], base=arrays.get("base"), **known)


def _load_table(path: pathlib.Path) -> ForgettingMatrix:
  table = table_file.read(path)
  tasks = None
  if len(table.columns) and not _numeric(table.iloc[:, 0]):
    tasks, table = table.iloc[:, 0], table.iloc[:, 1:]
  words = [name for name in table if not _numeric(table[name])]
  if words:
    raise InputError(
      f"{path}: found no numbers in column {words[0]!r}, expected a column an"
      " example and the task names in the first"
    )
  names = dict(tasks=tasks, examples=[*table.columns])
  return _built(path, table.to_numpy(float), **names)


def _built(path: pathlib.Path, values, **names) -> ForgettingMatrix:
  try:
    return build(values, **names).without_unmeasured()
  except InputError as error:
    raise InputError(
      f"{path}: {error}; in a matrix a row is a task and a column an example"
    ) from error


def _numeric(column) -> bool:
  return column.dtype.kind in "fiub"
