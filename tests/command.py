"""The command, called as its users call it."""

import contextlib
import io
import pathlib
import subprocess
import sys
from unittest import mock

CONFIGS = pathlib.Path(__file__).parents[1] / "configs"


def forgetting(*arguments, cwd=None) -> subprocess.CompletedProcess:
  """In a process of its own, which takes a second or more to start."""
  return subprocess.run(
    [sys.executable, "-m", "forgetting", *map(str, arguments)],
    capture_output=True,
    text=True,
    cwd=cwd,
  )


def called(*arguments, cwd=None) -> subprocess.CompletedProcess:
  """In this process: what is imported stays so, and can be patched."""
  from forgetting.cli.main import main

  out, err, code = io.StringIO(), io.StringIO(), 0
  with (
    mock.patch.object(sys, "argv", ["forgetting", *map(str, arguments)]),
    contextlib.chdir(cwd or "."),
    contextlib.redirect_stdout(out),
    contextlib.redirect_stderr(err),
  ):
    try:
      main()
    except SystemExit as stopped:
      code = stopped.code or 0
  return subprocess.CompletedProcess(
    arguments, code, out.getvalue(), err.getvalue()
  )
