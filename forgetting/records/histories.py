"""What trainers log of their runs: one history a run, a row a logged step.

A further layout is a reader here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import json
import pathlib
import re
import typing

from forgetting.config import InputError
from forgetting.records import table_file

if typing.TYPE_CHECKING:
  import pandas as pd

STATE = "trainer_state.json"
EVENTS = "*tfevents*"
STEP = "step"
STEPS = (STEP, "_step", "global_step", "trainer/global_step")
RUNS = ("run", "run_name", "name", "experiment")
# of Weights & Biases' exports of a chart: its whiskers
_WHISKERS = ("__MIN", "__MAX")


@dataclasses.dataclass(frozen=True)
class History:
  """A run as its trainer logged it.

  Attributes:
    name: of the run.
    frame: a row a step, rising: step, and what was logged there; NaN where
      nothing was.
  """

  name: str
  frame: pd.DataFrame

  @property
  def metrics(self) -> list[str]:
    """Names of the numbers that were logged, beside the step."""
    numbers = self.frame.select_dtypes("number")
    return [str(name) for name in numbers if name != STEP]


def read(source: pathlib.Path) -> list[History]:
  """Reads all runs that a file or a folder holds.

  Args:
    source: a folder with trainer_state.json (Hugging Face's Trainer, TRL,
      axolotl, LLaMA-Factory) or TensorBoard's event files at any depth; one of
      those files; or a table of logged steps (CSV, TSV, JSON, JSON lines,
      parquet) with a column of the run, or with a column "run - metric" each,
      as Weights & Biases exports charts.

  Returns:
    by name.

  Raises:
    InputError: nothing there that can be read.
  """
  if not source.exists():
    raise InputError(
      f"{source}: not there, expected a folder of runs, a {STATE}, an event"
      " file of TensorBoard, or a table of logged steps"
    )
  if source.is_dir():
    states = _states(source)
    found = [_state(file, run, source) for run, file in states.items()]
    # a Trainer may write event files as well: below its run, the same numbers
    found += _events(source, apart_from=[*states])
  elif source.name == STATE:
    found = [_state(source, source.parent)]
  elif "tfevents" in source.name:
    found = [_event_folder(source.parent, source.parent.name)]
  else:
    found = [*_logged(source)]
  if not found:
    raise InputError(
      f"{source}: found no {STATE} and no event file of TensorBoard, expected"
      " the output folders of runs"
    )
  return sorted(found, key=lambda history: history.name)


def _states(root: pathlib.Path) -> dict[pathlib.Path, pathlib.Path]:
  """Each run's last state: its own, or that of its last checkpoint."""
  last: dict[pathlib.Path, pathlib.Path] = {}
  for file in root.rglob(STATE):
    own = file.parent
    run = own.parent if re.fullmatch(r"checkpoint-\d+", own.name) else own
    if run not in last or _steps_of(file) > _steps_of(last[run]):
      last[run] = file
  return last


def _steps_of(file: pathlib.Path) -> int:
  return int(_content(file).get("global_step") or 0)


def _content(file: pathlib.Path) -> dict:
  try:
    content = json.loads(file.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise InputError(f"{file}: no JSON ({error})") from error
  if not isinstance(content, dict) or "log_history" not in content:
    raise InputError(f"{file}: found no log_history, expected a Trainer's")
  return content


def _state(
  file: pathlib.Path, run: pathlib.Path, root: pathlib.Path | None = None
) -> History:
  return _history(_name(run, root), _content(file)["log_history"])


def _name(run: pathlib.Path, root: pathlib.Path | None) -> str:
  inside = run.relative_to(root).as_posix() if root else "."
  return run.resolve().name if inside == "." else inside


def _history(name: str, rows: Sequence[dict]) -> History:
  import pandas as pd

  frame = pd.DataFrame([{STEP: 0} | row for row in rows])
  if not len(frame):
    raise InputError(f"{name}: found nothing logged, expected steps")
  # a step is logged in parts: each data set that is evaluated is one
  return History(name, frame.groupby(STEP, as_index=False).last())


def _events(
  root: pathlib.Path, *, apart_from: Sequence[pathlib.Path]
) -> Iterator[History]:
  for folder in sorted({file.parent for file in root.rglob(EVENTS)}):
    if not any(folder.is_relative_to(run) for run in apart_from):
      yield _event_folder(folder, _name(folder, root))


def _event_folder(folder: pathlib.Path, name: str) -> History:
  try:
    from tensorboard.backend.event_processing import event_accumulator
  except ImportError as error:
    raise InputError(
      f"{folder}: event files are read by tensorboard, which is missing: pip"
      " install 'forgetting[tensorboard]'"
    ) from error
  everything = {event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0}
  events = event_accumulator.EventAccumulator(str(folder), everything)
  events.Reload()
  rows = [
    {STEP: event.step, tag: event.value}
    for tag in events.Tags()["scalars"]
    for event in events.Scalars(tag)
  ]
  return _history(name, rows)


def _logged(file: pathlib.Path) -> Iterator[History]:
  frame = table_file.read(file)
  names = [str(name) for name in frame]
  step = next((name for name in names if name.lower() in STEPS), None)
  if step is None:
    raise InputError(
      f"{file}: found columns {', '.join(names)}, expected one of the"
      f" step ({', '.join(STEPS)}); a table with a row a run needs no import:"
      " give it to fit, with --columns"
    )
  frame = frame.rename(columns={step: STEP}).drop(
    columns=table_file.LINE, errors="ignore"
  )
  run = next((name for name in names if name.lower() in RUNS), None)
  if run is not None:
    for name, rows in frame.groupby(run, sort=True):
      yield _history(str(name), rows.drop(columns=run).to_dict("records"))
    return
  wide: dict[str, dict[str, str]] = {}
  for column in frame:
    name, dash, metric = str(column).partition(" - ")
    if dash and not metric.endswith(_WHISKERS):
      wide.setdefault(name, {})[str(column)] = metric
  for name, columns in wide.items():
    kept = frame[[STEP, *columns]].rename(columns=columns)
    kept = kept.dropna(subset=[*columns.values()], how="all")
    yield _history(name, kept.to_dict("records"))
  if not wide:
    yield _history(file.name.partition(".")[0], frame.to_dict("records"))
