"""TPU slices by SkyPilot: a managed job a group of runs, spot recovery.

SkyPilot is asked by its command, `sky`: it need not be installed where
`forgetting` is.
"""

from collections.abc import Iterator
import dataclasses
import json
import os
import pathlib
import tempfile
import textwrap

from forgetting.config import InputError
from forgetting.launch import pods, profile, template, tpus
from forgetting.launch.jobs import Launch
from forgetting.records.state import State

TEMPLATE = "skypilot.yaml"
SETUP = (
  "command -v uv >/dev/null || python3 -m pip install --user --quiet uv",
  'export PATH="$HOME/.local/bin:$PATH"',
  "uv venv --quiet --allow-existing --python 3.11 ~/forgetting-env",
  "uv pip install --quiet --python ~/forgetting-env/bin/python"
  " -c constraints.txt '.[tpu,gcs]'",
)
PROGRAM = "~/forgetting-env/bin/forgetting"
_QUEUED = ("PENDING", "SUBMITTED", "STARTING", "RECOVERING")
_RUNNING = ("RUNNING", "WINDING_DOWN")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
  """What a profile may say of SkyPilot.

  Attributes:
    accelerator: a TPU as v5litepod-16.
    infra: where SkyPilot looks: "gcp", or a region as "gcp/us-central1".
    spot: whether slices may be taken away; runs go on elsewhere.
    queued: ask for them as queued resources.
    runtime_version: image of the TPU VM; by default the accelerator's.
    max_restarts: after errors that are no pre-emption.
    setup: lines of the shell that install `forgetting`; by default from the
      checkout in this folder.
    program: what starts `forgetting` after them.
  """

  accelerator: str
  infra: str = "gcp"
  spot: bool = True
  queued: bool = True
  runtime_version: str | None = None
  max_restarts: int = 1
  setup: tuple[str, ...] = SETUP
  program: str = PROGRAM


SETTINGS = Settings


def check(launch: Launch) -> None:
  """Refuses a profile that does not hold, a root that no slice could write.

  Raises:
    InputError: one line, before anything is submitted.
  """
  settings, slice_ = _settings(launch)
  pods.check_runs(launch, slice_)
  if settings.setup == SETUP and not os.path.isfile("constraints.txt"):
    raise InputError(
      "--on skypilot: found no constraints.txt here, expected a checkout of"
      " forgetting, which slices install: go there, or give setup in the"
      " profile"
    )
  if not settings.infra.startswith("gcp"):
    raise InputError(
      f"{_where(launch)}: infra: found {settings.infra!r}, expected 'gcp' or"
      " a region of it as 'gcp/us-central1': TPUs are Google's"
    )
  pods.check(launch, on="skypilot")
  _sky()


def render(launch: Launch) -> dict[str, str]:
  """The YAML of every group's job, and the commands that submit them.

  Returns:
    file name -> text; {} where nothing is to be done.
  """
  settings, slice_ = _settings(launch)
  files = {
    f"{group.key}.yaml": _yaml(launch, group, settings, slice_)
    for group in pods.groups(launch)
  }
  lines = [" ".join(_command("sky", name)) + "\n" for name in files]
  return files | {"submit.sh": "".join(lines)} if files else {}


def submit(launch: Launch) -> str:
  """Submits groups that are not queued; text goes to the bucket first.

  Returns:
    what to tell the user.

  Raises:
    InputError: SkyPilot or the bucket refuses.
  """
  there, sky = queued(launch), _sky()
  print(pods.push_text(launch))
  left = [g for g in pods.groups(launch) if g.runs[0].name not in there]
  names = {run.name for group in left for run in group.runs}
  todo = tuple(run for run in launch.todo if run.name in names)
  files, done = render(dataclasses.replace(launch, todo=todo)), {}
  with tempfile.TemporaryDirectory() as folder:
    for group in left:
      file = pathlib.Path(folder) / f"{group.key}.yaml"
      file.write_text(files[file.name])
      _ask(*_command(sky, str(file)), before=len(done))
      done[group.key] = len(group.runs)
  return pods.told(launch, done, len(launch.todo) - len(todo))


def queued(launch: Launch) -> dict[str, State]:
  """What SkyPilot's queue knows of this study's runs.

  Returns:
    run name -> QUEUED or RUNNING; a group's runs are in one state.

  Raises:
    InputError: SkyPilot does not answer.
  """
  names, out = pods.members(launch), {}
  for job, status in _jobs():
    word = State.RUNNING if status in _RUNNING else State.QUEUED
    if job in names and status in _RUNNING + _QUEUED:
      out |= dict.fromkeys(names[job], word)
  return out


def _jobs() -> Iterator[tuple[str, str]]:
  text = _ask(
    _sky(), "jobs", "queue", "--skip-finished", "--output", "json", before=0
  )
  # before the list it may say that a server was started
  start = text.find("[")
  for job in json.loads(text[start:]) if start >= 0 else ():
    yield job["job_name"], str(job["status"]).rpartition(".")[2]


def _settings(launch: Launch) -> tuple[Settings, tpus.Slice]:
  where = _where(launch)
  out = profile.settings(Settings, launch.profile, where=where)
  slice_ = tpus.find(out.accelerator, where=f"{where}: accelerator")
  return out, slice_


def _where(launch: Launch) -> str:
  return launch.profile_file or "--profile"


def _yaml(launch: Launch, group: pods.Group, settings, slice_) -> str:
  run = pods.script(
    launch,
    group,
    hosts=str(slice_.hosts),
    job=None,  # SkyPilot has a name of its own for it
    program=settings.program,
  )
  text = template.shipped(TEMPLATE)
  return template.fill(
    text,
    dict(
      name=group.key,
      infra=settings.infra,
      accelerator=slice_.name,
      runtime_version=settings.runtime_version or slice_.runtime,
      queued=str(settings.queued).lower(),
      spot=str(settings.spot).lower(),
      max_restarts=str(settings.max_restarts),
      setup=textwrap.indent("\n".join(settings.setup), "  "),
      run=textwrap.indent(run.rstrip(), "  "),
    ),
    where=TEMPLATE,
  )


def _command(sky: str, file: str) -> list[str]:
  return [sky, "jobs", "launch", "--yes", "--detach-run", file]


def _sky() -> str:
  return pods.program("sky", on="skypilot")


def _ask(*command: str, before: int) -> str:
  advice = (
    f"{before} jobs were submitted before; `sky check gcp` tells what is"
    " missing, then the same command goes on"
  )
  quiet = {"SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}
  return pods.ask(command, what="sky", advice=advice, environment=quiet)
