"""The engines by name. A new engine is a file and a line here.

An engine is a module with four functions:

  check(launch)   raises InputError, one line, for all that can be known to be
                  wrong before anything is submitted
  render(launch)  {file name: exact text of what would be submitted}
  submit(launch)  submits what is neither done nor queued; tells the user what
  queued(launch)  {run name: "waiting" or "running"}: what its queue knows
"""

import importlib
from types import ModuleType

from forgetting.config import InputError

ENGINES = {
  "slurm": "forgetting.launch.slurm",
  "skypilot": "forgetting.launch.skypilot",
  "gke": "forgetting.launch.gke",
}


def find(name: str) -> ModuleType:
  """The engine's module, imported now and not before.

  Raises:
    InputError: there is none of that name.
  """
  if name not in ENGINES:
    raise InputError(
      f"--on: found {name!r}, expected one of local, {', '.join(ENGINES)}"
    )
  return importlib.import_module(ENGINES[name])
