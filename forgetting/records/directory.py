"""Run directories: all that a run leaves.

A run directory is all that passes from training to analysis:

  config.json     written first; a resume with a different config refuses
  text.json       hashes of the text; a resume on different text refuses
  parent.json     of a run from a public checkpoint: that one's hashes, likewise
  records.jsonl   one line an evaluation
  examples.npz    per-example pretraining loss at base and at best
  replay.npz      of a run that replays by forgetting: its pool's weights
  ckpt/<step>/    state, while a resume may want it; a pretraining's is kept
  blends.json     losses between base and best, once they are asked for
  best/           parameters of a fine-tuning's best evaluation, if asked for
  claim.json      while a process does the run: `forgetting.storage.claims`
  attempt.json    how often it was begun, and which process was last at it
  log.txt         what its processes said, where a study or an engine did it
  tracking/       what a tracker was sent of it; events.*: TensorBoard's own
  result.json     written last, atomically: its presence means done
"""

from collections.abc import Iterator, Mapping
import dataclasses
import functools
import io
import json
import os
import pathlib
import platform

from etils import epath
import numpy as np

from forgetting.config import InputError, Run, canonical
from forgetting.records import log
from forgetting.records.intact import intact, object_of, read_object
from forgetting.storage import finite_json, places
from forgetting.storage.places import place

# what `forgetting export` makes of a study: tables in place of run directories
EXPORTED = {
  "runs": "runs.parquet", "curves": "curves.parquet",
  "data": "data.parquet", "matrix": "matrix.npz",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class StudyDirectory:
  """<root>/<study>/: where the run directories of a study are.

  Attributes:
    path: of the folder; it need not be there yet.
  """

  path: pathlib.Path

  @classmethod
  def at(cls, root: str | os.PathLike, study: str) -> "StudyDirectory":
    """The folder of a study under a root.

    Args:
      root: a folder of this machine, or gs://BUCKET/FOLDER.
      study: its name.

    Raises:
      InputError: the root is no place that can be read.
    """
    return cls(place(root) / study)

  @property
  def name(self) -> str:
    """The study's."""
    return self.path.name

  def of(self, run: Run) -> "RunDirectory":
    """The directory of a run of this study, there or not yet."""
    return RunDirectory(self.path / run.name)


@dataclasses.dataclass(frozen=True)
class RunDirectory:
  """Reads and writes <root>/<study>/<run name>/.

  Attributes:
    path: of the folder; `create` makes it.
  """

  path: pathlib.Path

  @classmethod
  def of(cls, root: str | os.PathLike, study: str, run: Run) -> "RunDirectory":
    """The directory of one run, by its root and the name of its study."""
    return StudyDirectory.at(root, study).of(run)

  def create(
    self,
    run: Run,
    *,
    text: Mapping[str, str] | None = None,
    parent: Mapping[str, str] | None = None,
  ) -> None:
    """Writes the config, or checks that the one on disk is the same.

    Args:
      run: whose directory this is.
      text: hashes of all that the run reads: a resume on other text refuses.
      parent: hashes of the public checkpoint that it starts from, likewise.

    Raises:
      InputError: another config or text is there, or the folder cannot be
        written.
    """
    self._create(run)
    self._keep("text", text)
    self._keep("parent", parent)

  def _keep(self, what: str, hashes: Mapping[str, str] | None) -> None:
    """Writes hashes, or checks that those on disk are the same."""
    if hashes is None:
      return
    file = self.path / f"{what}.json"
    told = json.dumps(dict(hashes), sort_keys=True)
    if not file.exists():
      places.write(file, told.encode())
    elif file.read_text() != told:
      raise InputError(
        f"{self.path}: the {what} has changed since the run began; give the"
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
      places.write(config, text.encode())
    except OSError as error:
      raise InputError(
        f"{self.path}: cannot be written ({error.strerror}); choose another"
        " --root"
      ) from error

  def begin_attempt(self) -> int:
    """Notes who is at the run now.

    Returns:
      how many attempts came before this one.
    """
    before = self.attempt().get("attempts", 0)
    told = dict(attempts=before + 1, host=platform.node(), pid=os.getpid())
    places.write(self.path / "attempt.json", json.dumps(told).encode())
    return before

  def attempt(self) -> dict:
    """The newest attempt: attempts so far, host, pid; {} before the first."""
    try:
      return json.loads((self.path / "attempt.json").read_text())
    except OSError:
      return {}

  @property
  def checkpoints(self) -> pathlib.Path:
    """Where the states are that a resume goes on from."""
    return self.path / "ckpt"

  @property
  def best(self) -> pathlib.Path:
    """Where a fine-tuning's best parameters are kept, if they are."""
    return self.path / "best"

  @property
  def log(self) -> pathlib.Path:
    """Where what its processes say goes; see `records.log`."""
    return self.path / log.NAME

  def remove_checkpoints(self) -> None:
    """Removes the states, once no resume and no other run wants them."""
    if self.checkpoints.exists():
      epath.Path(self.checkpoints).rmtree()

  @property
  def done(self) -> bool:
    """Whether its result is there: nothing else is left to do."""
    return (self.path / "result.json").exists()

  def result(self) -> dict:
    """The result, or {} of a run that is not done."""
    try:
      return read_object(self.path / "result.json")
    except (FileNotFoundError, NotADirectoryError):
      return {}

  @property
  def begun(self) -> bool:
    """Whether an evaluation was ever recorded."""
    return (self.path / "records.jsonl").exists()

  def records(self) -> list[dict]:
    """What each evaluation measured, by step; of a repeated step the last.

    A line that a kill cut short is left out: its evaluation is repeated. A
    number that was not finite, as the last losses of a run that diverged, is
    None.
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
    """Adds what an evaluation measured to records.jsonl, as one line.

    Args:
      record: with its `step`; what is not finite is written as null.
    """
    places.append(self.path / "records.jsonl", finite_json.dumps(record) + "\n")

  def keep_records_before(self, step: int) -> list[dict]:
    """Drops what a resume at a step will measure again.

    Args:
      step: that it goes on from.

    Returns:
      the records that stay: those before that step.
    """
    kept = [r for r in self.records() if r["step"] < step]
    text = "".join(finite_json.dumps(record) + "\n" for record in kept)
    places.write(self.path / "records.jsonl", text.encode())
    return kept

  def write_examples(self, **columns: np.ndarray) -> None:
    """Writes the run's row of the forgetting matrix.

    Args:
      columns: arrays with an entry an example: `base` and `best`, pretraining
        losses in nats a token; `id`, the hash of its content; `source`.
    """
    self._write_arrays("examples", columns)

  def examples(self) -> dict[str, np.ndarray]:
    """What `write_examples` wrote, by column."""
    return self._arrays("examples")

  def write_replay(self, **columns: np.ndarray) -> None:
    """Writes what its batches follow from, before the first of them.

    Args:
      columns: arrays with an entry a chunk of the replay pool: `forgetting`,
        in nats a token, and `weights`, which sum to 1.
    """
    self._write_arrays("replay", columns)

  def replay(self) -> dict[str, np.ndarray]:
    """Forgetting and weights of the replay pool; {} before they are known."""
    there = (self.path / "replay.npz").exists()
    return self._arrays("replay") if there else {}

  def write_blends(self, measured: Mapping) -> None:
    """Writes losses between base and best, whole or not at all.

    Args:
      measured: as `forgetting.runs.blends` gives it.
    """
    text = finite_json.dumps(measured, indent=1)
    places.write(self.path / "blends.json", text.encode())

  def blends(self) -> dict:
    """What `write_blends` wrote; {} of a run that was not measured so."""
    file = self.path / "blends.json"
    return read_object(file) if file.exists() else {}

  def _write_arrays(self, name: str, columns: Mapping) -> None:
    content = io.BytesIO()
    np.savez(content, **columns)
    places.write(self.path / f"{name}.npz", content.getvalue())

  def _arrays(self, name: str) -> dict[str, np.ndarray]:
    path = self.path / f"{name}.npz"
    content = path.read_bytes()
    with intact(path), np.load(io.BytesIO(content)) as file:
      return dict(file)

  def write_result(self, result: Mapping) -> None:
    """Writes result.json, whole or not at all: from now on the run is done.

    Args:
      result: what is not finite is written as null.
    """
    text = finite_json.dumps(result, indent=1)
    places.write(self.path / "result.json", text.encode())


def exported(path: pathlib.Path) -> bool:
  """Whether a folder is a study as tables, without its run directories."""
  return (path / EXPORTED["runs"]).exists()


def run_directories(path: pathlib.Path) -> Iterator[tuple[RunDirectory, Run]]:
  """Every run directory of a study or of a folder of studies, by name.

  Args:
    path: of the folder. An exported study has no run directories.

  Raises:
    InputError: it is not there, or has no run in it.
  """
  if exported(path):
    return
  if path.is_file():
    raise InputError(
      f"{path}: found a file, expected a study's folder, with a folder a run"
    )
  if not path.is_dir():
    raise InputError(
      f"{path}: no such study, expected the folder of one, its name under"
      " runs/, or a CSV or parquet table"
    )
  configs = sorted([*path.glob("*/config.json"), *path.glob("*/*/config.json")])
  if not configs:
    raise InputError(f"{path}: found no run, expected <run>/config.json in it")
  texts = places.each(configs, lambda file: file.read_bytes())
  for file, text in zip(configs, texts, strict=True):
    with intact(file):
      run = _run(text)
    yield RunDirectory(file.parent), run


@functools.lru_cache(maxsize=4096)  # a page reads a study six times
def _run(config: bytes) -> Run:
  return canonical.from_dict(Run, object_of(config))
