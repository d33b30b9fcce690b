"""plan.json of a study's folder: what its config says and its runs do not."""

import json
import pathlib

from forgetting.config import InputError
from forgetting.storage import places

NAME = "plan.json"


def write(study: pathlib.Path, *, tolerance: float) -> None:
  """Writes it, and makes the study's folder if need be.

  Args:
    study: its folder.
    tolerance: nats of forgetting a token that its advice allows.

  Raises:
    InputError: the folder cannot be written.
  """
  told = json.dumps(dict(tolerance=tolerance))
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
