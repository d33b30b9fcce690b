"""Accuracies of a model, by lm-evaluation-harness in a process of its own.

Its pins are not ours, so its command is called, from whatever environment has
it: https://github.com/EleutherAI/lm-evaluation-harness, docs/interface.md.
"""

from collections.abc import Mapping, Sequence
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from forgetting.config import InputError, Pretrained
from forgetting.runs import exporting
from forgetting.runs.sides import Side

PROGRAM = "lm_eval"


def program() -> str:
  """The harness' command: on PATH, or in this environment.

  Raises:
    InputError: there is none; the line says what to install.
  """
  here = pathlib.Path(sys.executable).parent / PROGRAM
  found = shutil.which(PROGRAM) or (str(here) if here.exists() else None)
  if found is None:
    raise InputError(
      f"--tasks: found no {PROGRAM}, expected lm-evaluation-harness: pip"
      " install 'forgetting[evals]', here or in an environment of its own whose"
      " bin is on PATH"
    )
  return found


def measure(
  base: Side, tuned: Side, tasks: Sequence[str]
) -> tuple[Mapping[str, Mapping], Mapping[str, Mapping]]:
  """Asks both models, one after the other.

  Args:
    base, tuned: of `sides.pair`.
    tasks: the harness' names, or YAML files of tasks.

  Returns:
    task -> "metric,filter" -> value, of each.

  Raises:
    InputError: the harness is not there or fails; its last line is told.
  """
  command = [
    program(),
    *("--model", "hf", "--tasks", ",".join(tasks), "--batch_size", "auto"),
  ]
  with tempfile.TemporaryDirectory() as made:
    folder = pathlib.Path(made)
    asked = [
      _asked(command, _arguments(side, base, folder / name), folder / name)
      for side, name in ((base, "base"), (tuned, "tuned"))
    ]
  return asked[0], asked[1]


def _arguments(side: Side, base: Side, folder: pathlib.Path) -> str:
  """Where transformers finds it; a run of ours is exported there."""
  if side.kind == "run":
    paths = {"pretrained": exporting.export(side.path, str(folder / "model"))}
  elif side.kind == "adapter":
    paths = {"pretrained": _folder(base.path), "peft": _folder(side.path)}
  else:
    paths = {"pretrained": _folder(side.path)}
  for path in map(str, paths.values()):
    if "," in path or "=" in path:
      raise InputError(
        f"--tasks: found {path}, expected a path without commas and ="
        " signs: the harness takes both apart"
      )
  return ",".join(f"{name}={path}" for name, path in paths.items())


def _folder(path: str) -> str:
  local = pathlib.Path(path).expanduser()
  return str(local.resolve() if local.is_dir() else Pretrained(path).folder)


def _asked(command: Sequence[str], model: str, folder: pathlib.Path) -> dict:
  out = folder / "results"
  whole = [*command, "--model_args", model, "--output_path", str(out)]
  done = subprocess.run(whole, capture_output=True, text=True)
  files = sorted(out.rglob("results_*.json"))
  if done.returncode or not files:
    raise InputError(
      f"--tasks: {PROGRAM} failed with exit code {done.returncode}:"
      f" {_why(done.stdout + done.stderr)}"
    )
  return json.loads(files[-1].read_text())["results"]


def _why(said: str) -> str:
  """The line of the last exception; notes of it may follow. Else the last."""
  lines = [line.strip() for line in said.splitlines() if line.strip()]
  errors = [x for x in lines if re.match(r"[\w.]*(Error|Exception)\b", x)]
  return [*(lines or ["it says nothing"])[-1:], *errors][-1]
