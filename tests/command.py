"""The command, called as its users call it."""

import pathlib
import subprocess
import sys

CONFIGS = pathlib.Path(__file__).parents[1] / "configs"


def forgetting(*arguments, cwd=None) -> subprocess.CompletedProcess:
  return subprocess.run(
    [sys.executable, "-m", "forgetting", *map(str, arguments)],
    capture_output=True,
    text=True,
    cwd=cwd,
  )
