"""The trackers that a study's curves can go to, each by its own client.

A client is imported when the first curve is opened, in a process beside the
runs: see `tracking`.
"""

from collections.abc import Mapping
import contextvars
import dataclasses
import json
import os
import pathlib
import socket
import time
from typing import Protocol

from forgetting.config import InputError
from forgetting.storage import places

PROJECT = "forgetting"  # where runs of all studies are, by default
Numbers = Mapping[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class About:
  """The run that a curve is of.

  Attributes:
    id: names the curve for the tracker: opened again, it goes on.
    study, run: names.
    folder: of the run.
    axes: column -> value, of the table of runs.
    config: all of it, nested.
  """

  id: str
  study: str
  run: str
  folder: pathlib.Path
  axes: Mapping[str, object]
  config: Mapping[str, object]


class Curve(Protocol):
  """A run in a tracker."""

  def log(self, step: int, values: Numbers) -> None:
    """Adds a point; steps increase.

    Args:
      step: of the run.
      values: by name.
    """

  def end(self, step: int, values: Numbers) -> None:
    """Adds what is known of a run once it is done.

    Args:
      step: of its best evaluation.
      values: by name.
    """

  def close(self) -> None:
    """Waits until all is written or sent."""


class TensorBoard:
  """An event file in the run's folder: `tensorboard --logdir ROOT/STUDY`."""

  def __init__(self, about: About):
    """Begins a file; one that is there already stays beside it.

    Args:
      about: the run.
    """
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.plugins.hparams import summary_v2

    self._event, self._summary = event_pb2.Event, summary_pb2.Summary
    now, host = time.time(), socket.gethostname()
    name = f"events.out.tfevents.{int(now)}.{host}.{os.getpid()}"
    self._file, self._content = about.folder / name, b""
    known = (bool, int, float, str)
    axes = {k: v for k, v in about.axes.items() if isinstance(v, known)}
    self._write(
      self._event(wall_time=now, file_version="brain.Event:2"),
      self._event(
        wall_time=now, summary=summary_v2.hparams_pb(axes, trial_id=about.id)
      ),
      self._event(wall_time=now, summary=self._text("config", about.config)),
    )

  def _text(self, tag: str, content: Mapping):
    from tensorboard.compat.proto import tensor_pb2, types_pb2
    from tensorboard.plugins.text import metadata

    indented = json.dumps(content, indent=2).replace("\n", "\n    ")
    value = self._summary.Value(
      tag=tag,
      metadata=metadata.create_summary_metadata(tag, ""),
      tensor=tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, string_val=[f"    {indented}".encode()]
      ),
    )
    return self._summary(value=[value])

  def _write(self, *events) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    written = _Written()
    for event in events:
      RecordWriter(written).write(event.SerializeToString())
    if places.is_remote(self._file):  # nothing can be appended there
      self._content += written.content
      return places.write(self._file, self._content)
    with open(self._file, "ab") as file:
      file.write(written.content)

  def log(self, step: int, values: Numbers) -> None:
    """Adds a point to the file, which can be read at once."""
    summary = self._summary(
      value=[
        self._summary.Value(tag=name, simple_value=value)
        for name, value in values.items()
      ]
    )
    self._write(self._event(wall_time=time.time(), step=step, summary=summary))

  def end(self, step: int, values: Numbers) -> None:
    """Adds points at the best evaluation."""
    self.log(step, values)

  def close(self) -> None:
    """Nothing: all is written."""


class _Written:
  """What a RecordWriter wrote."""

  content = b""

  def write(self, content: bytes) -> None:
    """Adds to it."""
    self.content += content


class Wandb:
  """A run of Weights & Biases, in the group of its study.

  WANDB_MODE, WANDB_PROJECT, WANDB_ENTITY and the others of its own variables
  hold.
  """

  def __init__(self, about: About):
    """Opens the run, or the one of this id again.

    Args:
      about: the run.
    """
    import wandb

    root = about.folder.parent
    here = "WANDB_DIR" not in os.environ and not places.is_remote(root)
    self._run = wandb.init(
      project=os.environ.get("WANDB_PROJECT", PROJECT),
      group=about.study,
      id=about.id,
      name=about.run,
      resume="allow",
      reinit="create_new",  # a fleet's runs are open at once
      dir=str(root) if here else None,
      config={**about.axes, "config": about.config},
      settings=wandb.Settings(console="off", x_disable_stats=True),
    )

  def log(self, step: int, values: Numbers) -> None:
    """Adds a point."""
    self._run.log(dict(values), step=step, commit=True)

  def end(self, step: int, values: Numbers) -> None:
    """Puts it into the run's summary, where no step is."""
    self._run.summary.update({**values, "best_step": step})

  def close(self) -> None:
    """Waits until it is sent, or written where W&B is offline."""
    self._run.finish()


class Trackio:
  """A run of trackio, in the group of its study; its variables hold."""

  def __init__(self, about: About):
    """Opens the run, or the one of this id again.

    Args:
      about: the run.
    """
    import trackio

    # its `init` ends the run that it opened last, by a context variable
    self._run = contextvars.Context().run(
      trackio.init,
      project=PROJECT,
      group=about.study,
      name=about.id,
      resume="allow",
      embed=False,
      auto_log_gpu=False,
      auto_log_cpu=False,
      config={**about.axes, "config": about.config},
    )

  def log(self, step: int, values: Numbers) -> None:
    """Adds a point."""
    self._run.log(dict(values), step=step)

  def end(self, step: int, values: Numbers) -> None:
    """Adds points at the best evaluation."""
    self.log(step, values)

  def close(self) -> None:
    """Waits until it is written, or sent to a Space."""
    self._run.finish()


TRACKERS = {"tensorboard": TensorBoard, "wandb": Wandb, "trackio": Trackio}


def check(name: str | None) -> None:
  """Refuses a name of no tracker.

  Args:
    name: as typed; None: no tracker is asked for.

  Raises:
    InputError: there is none of that name.
  """
  if name is not None and name not in TRACKERS:
    raise InputError(f"--log: found {name!r}, expected {', '.join(TRACKERS)}")
