"""Run directories in, tidy tables out.

A run directory is all that passes from training to analysis:

  config.json     written first; a resume with a different config refuses
  text.json       hashes of the text; a resume on different text refuses
  records.jsonl   one line an evaluation
  examples.npz    per-example pretraining loss at base and at best
  replay.npz      of a run that replays by forgetting: its pool's weights
  ckpt/<step>/    state, while a resume may want it; a pretraining's is kept
  best/           parameters of a fine-tuning's best evaluation, if asked for
  claim.json      while a process does the run: `forgetting.claims`
  attempt.json    how often it was begun, and which process was last at it
  log.txt         what its processes said, where a study or an engine did it
  result.json     written last, atomically: its presence means done
"""

from collections.abc import Iterator, Mapping
import dataclasses
import io
import json
import os
import pathlib
import platform

from etils import epath
import numpy as np

from forgetting import canonical, places
from forgetting import config as config_lib
from forgetting.config import InputError, Run
from forgetting.places import place

COLUMNS = (
  "run", "study", "domain", "model_params", "total_params", "target_tokens",
  "target_tokens_asked", "injection", "seed", "pretrain_loss",
  "base_pretrain_loss", "target_loss", "base_target_loss", "best_step",
  "steps", "tokens", "status", "replay",
)  # fmt: skip

# what `forgetting export` makes of a study: tables in place of run directories
EXPORTED = {
  "runs": "runs.parquet", "curves": "curves.parquet",
  "data": "data.parquet", "matrix": "matrix.npz",
}  # fmt: skip

# policies of replay that inject as if from all of the pretraining text
RANDOM_REPLAY = ("none", "uniform")

LOSSES = (
  "pretrain_loss", "base_pretrain_loss", "target_loss", "base_target_loss",
)  # fmt: skip
REQUIRED = (
  "model_params", "target_tokens", "injection", "pretrain_loss",
  "base_pretrain_loss", "target_loss", "domain",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class RunDirectory:
  """Reads and writes <root>/<study>/<run name>/."""

  path: pathlib.Path

  @classmethod
  def of(cls, root: str | os.PathLike, study: str, run: Run) -> "RunDirectory":
    return cls(place(root) / study / run.name)

  def create(self, run: Run, *, text: Mapping[str, str] | None = None) -> None:
    """Writes the config, or checks that the one on disk is the same.

    Args:
      text: hashes of all that the run reads: a resume on other text refuses.

    Raises:
      InputError: another config or text is there, or the folder cannot be
        written.
    """
    self._create(run)
    if text is None:
      return
    file, told = self.path / "text.json", json.dumps(dict(text), sort_keys=True)
    if not file.exists():
      write_atomically(file, told.encode())
    elif file.read_text() != told:
      raise InputError(
        f"{self.path}: the text has changed since the run began; give the"
        " study another name, or remove the folder to do the run again"
      )

  def _create(self, run: Run) -> None:
    text = canonical.to_json(run)
    config = self.path / "config.json"
    if config.exists():
      if config.read_text() != text:
        raise InputError(
          f"{config}: found another run's config, expected {run.name}'s;"
          " give the study another name or remove the folder"
        )
      return
    try:
      places.make_folder(self.path)
      write_atomically(config, text.encode())
    except OSError as error:
      raise InputError(
        f"{self.path}: cannot be written ({error.strerror}); choose another"
        " --root"
      ) from error

  def begin_attempt(self) -> int:
    """Notes who is at the run now; how many attempts came before."""
    before = self.attempt().get("attempts", 0)
    told = dict(attempts=before + 1, host=platform.node(), pid=os.getpid())
    write_atomically(self.path / "attempt.json", json.dumps(told).encode())
    return before

  def attempt(self) -> dict:
    """The newest attempt: attempts so far, host, pid; {} before the first."""
    try:
      return json.loads((self.path / "attempt.json").read_text())
    except OSError:
      return {}

  @property
  def checkpoints(self) -> pathlib.Path:
    return self.path / "ckpt"

  @property
  def best(self) -> pathlib.Path:
    """Where a fine-tuning's best parameters are kept, if they are."""
    return self.path / "best"

  def remove_checkpoints(self) -> None:
    """Of a run that is done, and that no other starts from."""
    if self.checkpoints.exists():
      epath.Path(self.checkpoints).rmtree()

  @property
  def done(self) -> bool:
    return (self.path / "result.json").exists()

  def result(self) -> dict:
    """The result, or {} of a run that is not done."""
    if not self.done:
      return {}
    return json.loads((self.path / "result.json").read_text())

  def records(self) -> list[dict]:
    """One dict an evaluation, by step; of a repeated step the last one.

    A line that a kill cut short is left out: its evaluation is repeated.
    """
    file = self.path / "records.jsonl"
    by_step = {}
    for line in file.read_text().splitlines() if file.exists() else ():
      try:
        record = json.loads(line)
      except json.JSONDecodeError:
        continue
      by_step[record["step"]] = record
    return [by_step[step] for step in sorted(by_step)]

  def append(self, record: Mapping) -> None:
    places.append(self.path / "records.jsonl", json.dumps(record) + "\n")

  def keep_records_before(self, step: int) -> list[dict]:
    """Drops what a resume at `step` will measure again; gives what stays."""
    kept = [r for r in self.records() if r["step"] < step]
    text = "".join(json.dumps(record) + "\n" for record in kept)
    write_atomically(self.path / "records.jsonl", text.encode())
    return kept

  def write_examples(self, **columns: np.ndarray) -> None:
    self._write_arrays("examples", columns)

  def examples(self) -> dict[str, np.ndarray]:
    return self._arrays("examples")

  def write_replay(self, **columns: np.ndarray) -> None:
    self._write_arrays("replay", columns)

  def replay(self) -> dict[str, np.ndarray]:
    """Forgetting and weights of the replay pool; {} before they are known."""
    there = (self.path / "replay.npz").exists()
    return self._arrays("replay") if there else {}

  def _write_arrays(self, name: str, columns: Mapping) -> None:
    content = io.BytesIO()
    np.savez(content, **columns)
    write_atomically(self.path / f"{name}.npz", content.getvalue())

  def _arrays(self, name: str) -> dict[str, np.ndarray]:
    content = (self.path / f"{name}.npz").read_bytes()
    with np.load(io.BytesIO(content)) as file:
      return dict(file)

  def write_result(self, result: Mapping) -> None:
    text = json.dumps(result, indent=1)
    write_atomically(self.path / "result.json", text.encode())


def write_atomically(file: pathlib.Path, content: bytes) -> None:
  """All of the content appears at once, or none of it."""
  places.write(file, content)


def axes(study: str, run: Run) -> dict:
  """The columns of a run that are known before it is done."""
  return dict(
    run=run.name,
    study=study,
    domain=config_lib.domain_name(run.domain),
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


def exported(path: pathlib.Path) -> bool:
  """Whether a folder is a study as tables, without its run directories."""
  return (path / EXPORTED["runs"]).exists()


def run_directories(path: pathlib.Path) -> Iterator[tuple[RunDirectory, Run]]:
  """Every run directory of a study or of a folder of studies, by name.

  An exported study has none.
  """
  if exported(path):
    return
  if not path.is_dir():
    raise InputError(
      f"{path}: no such study, expected the folder of one, its name under"
      " runs/, or a CSV or parquet table"
    )
  configs = sorted([*path.glob("*/config.json"), *path.glob("*/*/config.json")])
  if not configs:
    raise InputError(f"{path}: found no run, expected <run>/config.json in it")
  texts = places.each(configs, lambda file: file.read_text())
  for file, text in zip(configs, texts, strict=True):
    yield RunDirectory(file.parent), canonical.from_dict(Run, json.loads(text))
