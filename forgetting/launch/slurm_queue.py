"""What SLURM's queue knows of a study's runs."""

from collections.abc import Iterable
import dataclasses
import pathlib
import re
import shutil
import subprocess

from forgetting.config import InputError
from forgetting.launch.slurm_arrays import Element
from forgetting.records.state import State

LARGEST = 1000  # elements of an array, where SLURM is not there to be asked
_RUNNING = ("RUNNING", "COMPLETING", "CONFIGURING", "STAGE_OUT")
# of a job that ends right now squeue still tells these: it is not queued
_ENDED = (
  "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED",
  "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Queued:
  """What the queue says of a run.

  Attributes:
    state: QUEUED or RUNNING.
    element: of an array, which does it.
  """

  state: State
  element: Element


def job_name(key: str) -> str:
  """What the job of the array is called whose names are in KEY.names."""
  return f"forgetting-{key}"


def queue_of(folder: pathlib.Path) -> dict[str, Queued]:
  """What is queued of the arrays of a study.

  Args:
    folder: where their names were written.

  Returns:
    run name -> what the queue says of it; {} without SLURM.

  Raises:
    InputError: SLURM does not answer.
  """
  names = {job_name(f.stem): f for f in sorted(folder.glob("*.names"))}
  if not names or shutil.which("squeue") is None:
    return {}
  lines = _ask(
    "squeue", "--noheader", "--array", "--states=all",
    f"--name={','.join(names)}", "--format=%j|%F|%K|%T",
  )  # fmt: skip
  return _read(lines, names)


def _read(
  lines: Iterable[str], files: dict[str, pathlib.Path]
) -> dict[str, Queued]:
  runs = {name: file.read_text().split() for name, file in files.items()}
  out = {}
  for line in lines:
    name, job, index, told = line.strip().split("|")
    if name not in runs or told in _ENDED or not index.isdigit():
      continue
    state = State.RUNNING if told in _RUNNING else State.QUEUED
    out[runs[name][int(index)]] = Queued(state, Element(job, int(index)))
  return out


def largest_array() -> int:
  """Elements that an array may have.

  Raises:
    InputError: SLURM does not answer.
  """
  if shutil.which("scontrol") is None:
    return LARGEST
  text = "\n".join(_ask("scontrol", "show", "config"))
  found = re.search(r"MaxArraySize\s*=\s*(\d+)", text)
  # it bounds the index too, which begins at 0
  return max(1, int(found[1]) - 1) if found else LARGEST


def _ask(*command: str) -> list[str]:
  done = subprocess.run(command, capture_output=True, text=True, check=False)
  if done.returncode:
    told = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
    raise InputError(f"{command[0]}: {told}; is SLURM's controller up?")
  return done.stdout.splitlines()
