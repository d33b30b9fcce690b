"""TPU slices of a GKE cluster by xpk: a JobSet a group of runs.

xpk is asked by its command: it wants another protobuf than TensorFlow and is
installed in an environment of its own. Kueue, which `xpk cluster create`
installs, lets a JobSet wait until its slice is free.
"""

import base64
import dataclasses
import re
import shlex

from forgetting.launch import pods, profile, tpus
from forgetting.launch.jobs import Launch
from forgetting.records.state import State

_ENDED = ("FINISHED", "FAILED", "SUCCESSFUL")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
  """What a profile may say of GKE.

  Attributes:
    accelerator: a TPU as v5litepod-16, of which the cluster has node pools.
    cluster, project, zone: of Google's.
    image: with `forgetting` and the study's folder in it, its working
      directory: launch/README.md makes one.
    priority: very-low to very-high, as Kueue knows it.
    spot, reservation: as xpk knows them.
    max_restarts: of a job.
    save_seconds: between the signal to save and the end.
    program: what starts `forgetting` in the image.
  """

  accelerator: str
  cluster: str
  project: str
  zone: str
  image: str
  priority: str = "medium"
  spot: bool = False
  reservation: str | None = None
  max_restarts: int = 20
  save_seconds: int = 120
  program: str = "forgetting"


SETTINGS = Settings


def check(launch: Launch) -> None:
  """Refuses a profile that does not hold, a root that no slice could write.

  Raises:
    InputError: one line, before anything is submitted.
  """
  pods.check_runs(launch, _settings(launch)[1])
  pods.check(launch, on="gke")
  _xpk()


def render(launch: Launch) -> dict[str, str]:
  """The script of every group, and the commands that submit them.

  Returns:
    file name -> text; {} where nothing is to be done.
  """
  settings, slice_ = _settings(launch)
  files, lines = {}, []
  for group in pods.groups(launch):
    files[f"{group.key}.sh"] = _script(launch, group, settings, slice_)
    text = files[f"{group.key}.sh"]
    command = _command("xpk", group, settings, slice_, text)
    lines.append(shlex.join(command) + "\n")
  return files | {"submit.sh": "".join(lines)} if files else {}


def submit(launch: Launch) -> str:
  """Submits groups that are not queued; text goes to the bucket first.

  Returns:
    what to tell the user.

  Raises:
    InputError: xpk or the bucket refuses.
  """
  settings, slice_ = _settings(launch)
  there, done, found = queued(launch), {}, _xpk()
  print(pods.push_text(launch))
  for group in pods.groups(launch):
    if group.runs[0].name in there:
      continue
    text = _script(launch, group, settings, slice_)
    _ask(*_command(found, group, settings, slice_, text), before=len(done))
    done[group.key] = len(group.runs)
  return pods.told(launch, done, len(launch.todo) - sum(done.values()))


def queued(launch: Launch) -> dict[str, State]:
  """What the cluster's queue knows of this study's runs.

  Returns:
    run name -> QUEUED or RUNNING; a group's runs are in one state.

  Raises:
    InputError: xpk does not answer.
  """
  settings, _ = _settings(launch)
  listed = _ask(
    _xpk(), "workload", "list", *_cluster(settings), before=0
  ).splitlines()
  out = {}
  for key, names in pods.members(launch).items():
    lines = [x for x in listed if re.search(rf"\b{re.escape(key)}\b", x)]
    if lines and not any(word in lines[-1].upper() for word in _ENDED):
      runs = "RUNNING" in lines[-1].upper()
      out |= dict.fromkeys(names, State.RUNNING if runs else State.QUEUED)
  return out


def _settings(launch: Launch) -> tuple[Settings, tpus.Slice]:
  where = launch.profile_file or "--profile"
  out = profile.settings(Settings, launch.profile, where=where)
  return out, tpus.find(out.accelerator, where=f"{where}: accelerator")


def _script(launch, group: pods.Group, settings: Settings, slice_) -> str:
  return pods.script(
    launch,
    group,
    hosts=str(slice_.hosts),
    job=group.key,
    program=settings.program,
  )


def _command(
  xpk: str, group: pods.Group, settings: Settings, slice_, text: str
) -> list[str]:
  out = [
    *(xpk, "workload", "create", "--workload", group.key),
    *_cluster(settings),
    *("--tpu-type", slice_.name, "--num-slices", "1"),
    *("--docker-image", settings.image, "--priority", settings.priority),
    *("--max-restarts", str(settings.max_restarts)),
    *("--restart-on-exit-codes", "75"),
    *("--termination-grace-period-seconds", str(settings.save_seconds)),
  ]
  if settings.spot:
    out.append("--spot")
  if settings.reservation is not None:
    out += ["--reservation", settings.reservation]
  # xpk puts the command into YAML as it is: a second line would break it
  packed = base64.b64encode(text.encode()).decode()
  file = f"/tmp/{group.key}.sh"
  return [
    *(*out, "--command"),
    f"echo {packed} | base64 -d >{file} && exec bash {file}",
  ]


def _cluster(settings: Settings) -> list[str]:
  return [
    *("--cluster", settings.cluster, "--project", settings.project),
    *("--zone", settings.zone),
  ]


def _xpk() -> str:
  return pods.program("xpk", on="gke")


def _ask(*command: str, before: int) -> str:
  advice = f"{before} jobs were submitted before; the same command goes on"
  return pods.ask(command, what="xpk workload", advice=advice)
