"""plan.json of a study's folder: what its config says and its runs do not."""

import json
import pathlib

from forgetting.places import place
from forgetting.records import write_atomically

NAME = "plan.json"


def write(study: pathlib.Path, *, tolerance: float) -> None:
  """Nats of forgetting a token that the study's advice allows."""
  told = json.dumps(dict(tolerance=tolerance))
  write_atomically(study / NAME, told.encode())


def tolerance_of(study: pathlib.Path) -> float | None:
  """None: nothing says it."""
  file = place(study) / NAME
  return json.loads(file.read_text())["tolerance"] if file.exists() else None
