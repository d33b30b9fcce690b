"""The engines by name. A new engine is a file and a line here.

An engine is a module with a dataclass and four functions:

  SETTINGS        what a profile may say of it; None: nothing
  check(launch)   raises InputError, one line, for all that can be known to be
                  wrong before anything is started
  render(launch)  {title: exact text of what would be started}, a file each
  queued(launch)  {run name: State.QUEUED or RUNNING}: what its queue knows
  submit(launch)  submits what is neither done nor queued; tells the user what

This machine is one without `submit`: `forgetting study` itself does the runs.
What another leaves of a study is in a folder of its name in the study's: then
it is asked what is queued there, whoever asks.
"""

import importlib
from types import ModuleType

from forgetting.config import InputError

ENGINES = {
  "local": "forgetting.launch.local",
  "slurm": "forgetting.launch.slurm",
  "skypilot": "forgetting.launch.skypilot",
  "gke": "forgetting.launch.gke",
}


def find(name: str) -> ModuleType:
  """The engine's module, imported now and not before.

  Args:
    name: what the user calls it.

  Raises:
    InputError: there is none of that name.
  """
  if name not in ENGINES:
    raise InputError(
      f"--on: found {name!r}, expected one of {', '.join(ENGINES)}"
    )
  return importlib.import_module(ENGINES[name])
