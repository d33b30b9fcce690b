"""The script of an array: `slurm.sbatch`, or a user's copy, filled in."""

import dataclasses
import os
import pathlib
import shlex
import sys

from forgetting.config import InputError
from forgetting.launch import template
from forgetting.launch.jobs import Launch
from forgetting.launch.slurm_arrays import Array
from forgetting.launch.slurm_queue import job_name
from forgetting.launch.slurm_settings import Settings

TEMPLATE = "slurm.sbatch"
_NAME = "@NAME@"


def folder_of(launch: Launch) -> pathlib.Path:
  """Where a launch writes what it submits, on a file system of all nodes."""
  return pathlib.Path(launch.root).absolute() / launch.study.name / "slurm"


def script(array: Array, launch: Launch, settings: Settings) -> str:
  """The script of an array, as sbatch takes it.

  Raises:
    InputError: the profile's template is not there, or has a hole too many.
  """
  where, text = TEMPLATE, None
  if settings.template:
    where = settings.template
    if not os.path.isfile(where):
      raise InputError(f"template: found no file {where}, expected one")
    text = pathlib.Path(where).read_text()
  else:
    text = template.shipped(TEMPLATE)
  return template.fill(text, _values(array, launch, settings), where=where)


def _values(array: Array, launch: Launch, settings: Settings) -> dict:
  folder, s = folder_of(launch), settings
  cache = os.environ.get("FORGETTING_CACHE")
  throttle = f"%{s.at_once}" if s.at_once else ""
  several = s.nodes * s.processes > 1
  given = {f.name: getattr(s, f.name) for f in dataclasses.fields(s)}
  return given | dict(
    job_name=job_name(array.key),
    array=f"0-{len(array.runs) - 1}{throttle}",
    folder=_sbatch_quoted(os.getcwd()),
    output=_sbatch_quoted(str(folder / f"{array.key}.out")),
    processes_per_node=s.processes,
    options="\n".join(f"#SBATCH {o}" for o in s.options) or None,
    study_folder=shlex.quote(str(folder.parent)),
    names=shlex.quote(str(folder / f"{array.key}.names")),
    cache=shlex.quote(os.path.abspath(cache)) if cache else None,
    setup="\n".join(s.setup) or None,
    srun=" ".join(_srun_options(s, several)),
    worker=_worker(launch, s),
  )


def _srun_options(settings: Settings, several: bool) -> list[str]:
  out = list(settings.srun)
  if settings.cpus:  # srun does not take it over from the job
    out.append(f"--cpus-per-task={settings.cpus}")
  if settings.container:
    out.append(f"--container-image={shlex.quote(settings.container)}")
    out.append(f"--container-workdir={shlex.quote(os.getcwd())}")
  return [*out, "--label"] if several else out


def _worker(launch: Launch, settings: Settings) -> str:
  """The command of an element; $name is its run's."""
  here = f"{shlex.quote(sys.executable)} -m forgetting"
  program = settings.program or ("forgetting" if settings.container else here)
  absolute = dataclasses.replace(
    launch,
    study_file=os.path.abspath(launch.study_file),
    root=os.path.abspath(launch.root),
  )
  words = map(shlex.quote, absolute.worker(_NAME))
  return " ".join([program, *words]).replace(_NAME, '"$name"')


def _sbatch_quoted(value: str) -> str:
  return f'"{value}"' if " " in value else value
