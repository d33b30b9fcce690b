"""What a report is about: the runs, their curves, how they were made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import functools
import os
import pathlib
from typing import TYPE_CHECKING

import numpy as np

from forgetting import records
from forgetting.laws.forms import find
from forgetting.laws.table import names_of
from forgetting.records import (
  RunDirectory,
  table_columns,
  table_values,
  tokenizers,
)
from forgetting.storage import places

if TYPE_CHECKING:
  import pandas as pd

CELL = ["domain", "model_params", "target_tokens"]
EXTRAS = (
  "forgetting_standard_error", "pretrain_bits_per_byte",
  "base_pretrain_bits_per_byte", "target_bits_per_byte",
  "base_target_bits_per_byte", "stop_reason",
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
  """A study or a table, read: its frames are not changed, nor what is of them.

  Attributes:
    name: of the study, or of the folder of studies.
    runs: data frame, sorted, its index the order of reading; one row a run:
      `records.COLUMNS`, then `EXTRAS` where the results have them, and
      `forgetting` in nats per token.
    curves: data frame, one row an evaluation; empty for a table.
    data: data frame, one row a source of text: `records.data`.
    configs, results: of the run directories, by (study, run name); results
      of runs that are not done are missing.
    folder: the study's; None of a table.
    suffix: of a table's file.
    titles: what the domains are, in a few words, by name, of those that say.
    directories: of the runs, by (study, run name).
  """

  name: str
  runs: "pd.DataFrame"
  curves: "pd.DataFrame"
  data: "pd.DataFrame"
  configs: dict
  results: dict
  folder: pathlib.Path | None = None
  suffix: str = ""
  titles: Mapping[str, str] = field(default_factory=dict)
  directories: dict = field(default_factory=dict)

  def title(self, domain: str) -> str:
    """A domain's name, with what it is where that is known."""
    said = self.titles.get(domain)
    return f"{domain}: {said}" if said else domain

  @property
  def source(self) -> str:
    """What commands call it: a study's name, a table's file."""
    return self.name if self.folder else f"{self.name}{self.suffix}"

  @functools.cached_property
  def finetunings(self) -> "pd.DataFrame":
    """The rows with a domain, done or not."""
    domain = self.runs["domain"]
    return self.runs[domain.notna() & (domain.astype(str) != "")]

  @functools.cached_property
  def measured(self) -> "pd.DataFrame":
    """The fine-tunings that are done, have both losses, and inject by chance.

    Those that choose what to replay, or are there to tell, are compared by
    themselves; so are those by other methods than full fine-tuning.
    """
    runs, _ = self._by_one_method
    numbers = runs[["forgetting", "target_loss"]].to_numpy(float)
    return runs[(runs["status"] == "done") & np.isfinite(numbers).all(axis=1)]

  @functools.cached_property
  def _by_one_method(self) -> "tuple[pd.DataFrame, str | None]":
    return records.by_method(records.random_injection(self.finetunings))

  @property
  def methods(self) -> str | None:
    """A line on methods left out, and on text that stands for the corpus."""
    told = self._by_one_method[1], records.replay_line(self.finetunings)
    return "; ".join(filter(None, told)) or None

  @property
  def pretrainings(self) -> "pd.DataFrame":
    """The rows without a domain that are no controls, done or not."""
    others = self.runs.drop(self.finetunings.index)
    return others[others["replay"] != "control"]

  @property
  def seconds(self) -> float:
    """Wall time in seconds, summed over the runs; 0 where none tells it."""
    results = self.results.values()
    return sum(result.get("wall_seconds") or 0 for result in results)

  @functools.cached_property
  def domains(self) -> list[str]:
    """The domains, in the order that gives them their colours."""
    return sorted(self.finetunings["domain"].astype(str).unique())

  @functools.cached_property
  def sizes(self) -> list[int]:
    """The model sizes, in the order that gives them their markers."""
    return sorted(self.finetunings["model_params"].unique())


def read(
  path: str | os.PathLike,
  *,
  columns: Mapping[str, str] | None = None,
  titles: Mapping[str, str] | None = None,
) -> Evidence:
  """Reads a study's directory, or a table from any trainer.

  Args:
    path: a study, a folder of studies, an exported study, or a table.
    columns: ours -> a table's, as for `laws.fit`; symbols and `loss` are those
      of the forgetting law.
    titles: domain -> what it is, in a few words.

  Raises:
    InputError: nothing there, or columns missing.
  """
  import pandas as pd

  path = places.place(path)
  runs = records.load(path, columns=names_of(find("forgetting"), columns))
  configs, results, curves, data = {}, {}, pd.DataFrame(), pd.DataFrame()
  places_of: dict = {}
  if path.is_dir():
    curves, data = records.curves(path), records.data(path)
    found = list(records.run_directories(path))
    directories = [directory for directory, _ in found]
    # studies of one folder may share a run: its name alone is no key
    keys = [(d.path.parent.name, run.name) for d, run in found]
    places_of = {
      key: directory.path
      for key, directory in zip(keys, directories, strict=True)
    }
    configs = dict(zip(keys, (run for _, run in found), strict=True))
    all_results = tokenizers.compared(
      found, places.each(directories, RunDirectory.result)
    )
    results = {k: r for k, r in zip(keys, all_results, strict=True) if r}
  keys = zip(runs["study"], runs["run"], strict=True)
  of_runs = [results.get(key, {}) for key in keys]
  for column in EXTRAS:
    if column not in runs and any(column in r for r in of_runs):
      runs[column] = [result.get(column) for result in of_runs]
  named = runs["domain"].notna()
  runs["domain"] = runs["domain"].astype(str).where(named, None)
  runs = _checked(runs)
  runs["forgetting"] = runs["pretrain_loss"] - runs["base_pretrain_loss"]
  order = ["domain", "model_params", "target_tokens", "injection", "seed"]
  runs = runs.sort_values(order, kind="stable", na_position="first")
  name = path.stem if path.is_file() else _name(path)
  folder = path if path.is_dir() else None
  suffix = path.suffix if path.is_file() else ""
  return Evidence(
    name=name,
    runs=runs,
    curves=curves,
    data=data,
    configs=configs,
    results=results,
    folder=folder,
    suffix=suffix,
    titles=dict(titles or {}),
    directories=places_of,
  )


def _checked(runs: "pd.DataFrame") -> "pd.DataFrame":
  """The runs with numbers in the columns of numbers; `LINE` has served."""
  import pandas as pd

  if table_columns.LINE not in runs:
    return runs
  rows = runs[runs["status"] == table_columns.DONE]
  table_columns.tell_left_out(runs, rows)
  numbers = [*records.LOSSES, "model_params", "target_tokens", "injection"]
  for column in numbers:
    table_values.floats(rows, column)
  tuned = rows[rows["domain"].notna()]
  table_values.check_fraction(tuned, "injection", below_1=True)
  # words among the numbers of a run that has crashed
  runs[numbers] = runs[numbers].apply(pd.to_numeric, errors="coerce")
  return runs.drop(columns=table_columns.LINE)


def _name(study: pathlib.Path) -> str:
  return study.name if places.is_remote(study) else study.resolve().name


def cells(measured) -> Iterator[tuple[tuple, "pd.DataFrame"]]:
  """Groups runs by cell.

  Args:
    measured: a data frame, one row a run.

  Yields:
    ((domain, model params, target tokens), the cell's runs), sorted.
  """
  yield from measured.groupby(CELL, sort=True)
