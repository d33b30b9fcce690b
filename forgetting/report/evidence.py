"""What a report is about: the runs, their curves, how they were made."""

from collections.abc import Iterator
from dataclasses import dataclass
import os
import pathlib
from typing import TYPE_CHECKING

import numpy as np

from forgetting import records
from forgetting.records import RunDirectory
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
  """A study or a table, read.

  Attributes:
    name: of the study.
    runs: data frame, sorted, its index the order of reading; one row a run:
      `records.COLUMNS`, then `EXTRAS` where the results have them, and
      `forgetting` in nats per token.
    curves: data frame, one row an evaluation; empty for a table.
    data: data frame, one row a source of text: `records.data`.
    configs, results: of the run directories, by run name; results of runs
      that are not done are missing.
    folder: the study's; None of a table.
    suffix: of a table's file.
  """

  name: str
  runs: "pd.DataFrame"
  curves: "pd.DataFrame"
  data: "pd.DataFrame"
  configs: dict
  results: dict
  folder: pathlib.Path | None = None
  suffix: str = ""

  @property
  def source(self) -> str:
    """What commands call it: a study's name, a table's file."""
    return self.name if self.folder else f"{self.name}{self.suffix}"

  @property
  def finetunings(self):
    """The rows with a domain, done or not."""
    domain = self.runs["domain"]
    return self.runs[domain.notna() & (domain.astype(str) != "")]

  @property
  def measured(self):
    """The fine-tunings that are done, have both losses, and inject by chance.

    Those that choose what to replay, or are there to tell, are compared by
    themselves.
    """
    runs = records.random_injection(self.finetunings)
    numbers = runs[["forgetting", "target_loss"]].to_numpy(float)
    return runs[(runs["status"] == "done") & np.isfinite(numbers).all(axis=1)]

  @property
  def pretrainings(self):
    return self.runs.drop(self.finetunings.index)

  @property
  def seconds(self) -> float:
    """Wall time summed over the runs; 0 where nothing tells it."""
    results = self.results.values()
    return sum(result.get("wall_seconds") or 0 for result in results)

  @property
  def domains(self) -> list[str]:
    """In the order that gives them their colours."""
    return sorted(self.finetunings["domain"].astype(str).unique())

  @property
  def sizes(self) -> list[int]:
    """Model sizes, in the order that gives them their markers."""
    return sorted(self.finetunings["model_params"].unique())


def read(path: str | os.PathLike) -> Evidence:
  """Reads a study's directory, or a table from any trainer.

  Raises:
    InputError: nothing there, or columns missing.
  """
  import pandas as pd

  path = places.place(path)
  runs = records.load(path)
  configs, results, curves, data = {}, {}, pd.DataFrame(), pd.DataFrame()
  if path.is_dir():
    curves, data = records.curves(path), records.data(path)
    found = list(records.run_directories(path))
    configs = {run.name: run for _, run in found}
    directories = [directory for directory, _ in found]
    all_results = places.each(directories, RunDirectory.result)
    results = {n: r for n, r in zip(configs, all_results, strict=True) if r}
  for column in EXTRAS:
    if column not in runs and any(column in r for r in results.values()):
      runs[column] = [results.get(n, {}).get(column) for n in runs["run"]]
  named = runs["domain"].notna()
  runs["domain"] = runs["domain"].astype(str).where(named, None)
  runs["forgetting"] = runs["pretrain_loss"] - runs["base_pretrain_loss"]
  order = ["domain", "model_params", "target_tokens", "injection", "seed"]
  runs = runs.sort_values(order, kind="stable", na_position="first")
  name = path.stem if path.is_file() else _name(path)
  folder = path if path.is_dir() else None
  suffix = path.suffix if path.is_file() else ""
  return Evidence(name, runs, curves, data, configs, results, folder, suffix)


def _name(study: pathlib.Path) -> str:
  return study.name if places.is_remote(study) else study.resolve().name


def cells(measured) -> Iterator[tuple[tuple, "pd.DataFrame"]]:
  """((domain, model params, target tokens), its runs), sorted."""
  yield from measured.groupby(CELL, sort=True)
