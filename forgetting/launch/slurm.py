"""SLURM: arrays of runs from one template, `slurm.sbatch`.

A fine-tuning's array starts after its own parent's element. What a launch
writes is in <root>/<study>/slurm/: KEY.sbatch as submitted, KEY.names with a
run a line.
"""

from collections.abc import Iterator, Mapping
import contextlib
import fcntl
import pathlib
import shutil
import subprocess

from forgetting.config import InputError
from forgetting.launch.jobs import Launch
from forgetting.launch.slurm_arrays import Array, arrays
from forgetting.launch.slurm_queue import (
  LARGEST,
  Queued,
  largest_array,
  queue_of,
)
from forgetting.launch.slurm_script import folder_of, script
from forgetting.launch.slurm_settings import Settings, settings_of
from forgetting.records.state import State
from forgetting.storage import places
from forgetting.study import study as study_lib

SETTINGS = Settings


def check(launch: Launch) -> None:
  """Refuses a profile that does not hold, and a machine without SLURM.

  Raises:
    InputError: one line, before anything is submitted.
  """
  settings_of(launch)
  if "://" in launch.root:
    raise InputError(
      f"--root: found {launch.root}, expected a folder that all nodes see"
    )
  missing = [p for p in ("sbatch", "squeue", "scontrol") if not shutil.which(p)]
  if missing:
    raise InputError(
      f"--on slurm: found no {', '.join(missing)}, expected SLURM's commands;"
      " launch from a login node of the cluster"
    )
  largest_array()


def render(launch: Launch) -> dict[str, str]:
  """Scripts and names by file name, and the commands that submit them.

  Where SLURM does not answer, as if nothing were queued.

  Returns:
    file name -> text; {} where nothing is to be done.

  Raises:
    InputError: a profile that does not hold.
  """
  settings, folder = settings_of(launch), folder_of(launch)
  try:
    todo = _arrays(launch, queue_of(folder), largest_array())
  except InputError:
    todo = _arrays(launch, {}, LARGEST)
  out, lines = {}, []
  for array in todo:
    out[f"{array.key}.sbatch"] = script(array, launch, settings)
    out[f"{array.key}.names"] = array.names
    # ids are known only once their arrays are submitted
    ids = {e.job: f"${{job_{e.job}}}" for e in array.after}
    ids |= {e.job: e.job for e in array.after if f"{e.job}.names" not in out}
    command = " ".join(_command(array, folder, ids))
    lines.append(f"job_{array.key}=$({command})\n")
  return out | {"submit.sh": "".join(lines)} if lines else {}


def submit(launch: Launch) -> str:
  """Prepares the text, then submits what is neither done nor queued.

  Returns:
    what to tell the user.

  Raises:
    InputError: the text cannot be had, or SLURM refuses; what it took before
      is told.
  """
  settings, folder = settings_of(launch), folder_of(launch)
  study_lib.prepare(launch.todo)
  with _alone(folder):
    queued = queue_of(folder)
    todo = _arrays(launch, queued, largest_array())
    ids: dict[str, str] = {}
    for array in todo:
      _write(folder / f"{array.key}.names", array.names)
      text = script(array, launch, settings)
      _write(folder / f"{array.key}.sbatch", text)
      known = {e.job: ids.get(e.job, e.job) for e in array.after}
      ids[array.key] = _sbatch(_command(array, folder, known), len(ids))
  runs = sum(len(array.runs) for array in todo)
  line = f"submitted {runs} runs in {len(todo)} arrays"
  if ids:
    line += f": jobs {', '.join(ids.values())}"
  before = sum(run.name in queued for run in launch.todo)
  return f"{line}; {before} were queued already" if before else line


def queued(launch: Launch) -> dict[str, State]:
  """What squeue knows of this study's runs.

  Returns:
    run name -> QUEUED or RUNNING.

  Raises:
    InputError: SLURM does not answer.
  """
  return {n: q.state for n, q in queue_of(folder_of(launch)).items()}


def _arrays(
  launch: Launch, queued: Mapping[str, Queued], at_most: int
) -> list[Array]:
  return arrays(
    [run for run in launch.todo if run.name not in queued],
    at_most=at_most,
    queued={name: q.element for name, q in queued.items()},
    salt=str(folder_of(launch)),
  )


def _command(array: Array, folder: pathlib.Path, ids: Mapping) -> list[str]:
  out = ["sbatch", "--parsable"]
  if array.after:
    before = ":".join(f"{ids[e.job]}_{e.index}" for e in array.after)
    out += [f"--dependency=afterok:{before}", "--kill-on-invalid-dep=yes"]
  return [*out, str(folder / f"{array.key}.sbatch")]


def _sbatch(command: list[str], before: int) -> str:
  """Submits; the job's id."""
  done = subprocess.run(command, capture_output=True, text=True, check=False)
  if done.returncode:
    told = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
    rest = "the same command submits what is left"
    raise InputError(
      f"{told}; {before} arrays were submitted before, {rest}"
      if before
      else f"{told}; nothing was submitted, check the profile"
    )
  return done.stdout.strip().split(";")[0]  # of several clusters: id;cluster


def _write(file: pathlib.Path, text: str) -> None:
  places.write(file, text.encode())


@contextlib.contextmanager
def _alone(folder: pathlib.Path) -> Iterator[None]:
  """One launch of a study at a time: between what is queued and sbatch."""
  try:
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / ".lock", "w")
  except OSError as error:
    raise InputError(
      f"{folder}: cannot be written ({error.strerror}); choose another --root"
    ) from error
  with file:
    with contextlib.suppress(OSError):  # a file system without locks
      fcntl.flock(file, fcntl.LOCK_EX)
    yield
