"""plan.json of a study's folder: what its config says and its runs do not."""

from collections.abc import Sequence
import json
import pathlib

from forgetting.config import InputError, Run
from forgetting.records import tables
from forgetting.storage import places

NAME = "plan.json"


def write(
  study: pathlib.Path, *, tolerance: float, runs: Sequence[Run] = ()
) -> None:
  """Writes it, and makes the study's folder if need be.

  Args:
    study: its folder.
    tolerance: nats of forgetting a token that its advice allows.
    runs: all of its config.

  Raises:
    InputError: the folder cannot be written.
  """
  planned = [tables.axes(study.name, run) for run in runs]
  told = json.dumps(dict(tolerance=tolerance, runs=planned))
  try:
    places.make_folder(study)
    places.write(study / NAME, told.encode())
  except OSError as error:
    raise InputError(
      f"{study}: cannot be written ({error.strerror}); choose another --root"
    ) from error


def tolerance_of(study: pathlib.Path) -> float | None:
  """The tolerance that a study's config allowed.

  Args:
    study: its folder, or a table in its place.

  Returns:
    nats of forgetting a token; None: nothing says it.
  """
  file = places.place(study) / NAME
  return json.loads(file.read_text())["tolerance"] if file.exists() else None


def planned(study: pathlib.Path):
  """The runs of a study's config, begun or not.

  Args:
    study: its folder, or a table in its place.

  Returns:
    a data frame, one row a run: the columns of `tables.axes`; None where
    nothing tells them.
  """
  import pandas as pd

  file = places.place(study) / NAME
  told = json.loads(file.read_text()).get("runs") if file.exists() else None
  return pd.DataFrame(told) if told else None
