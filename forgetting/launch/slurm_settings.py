"""What a profile may say of SLURM."""

import dataclasses

from forgetting.config import InputError
from forgetting.launch import profile
from forgetting.launch.jobs import Launch


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
  """What a profile may say of SLURM.

  Attributes:
    partition, account, qos, time, memory: as of sbatch.
    nodes: of one run; with more than one its processes train it together.
    gpus: of a node.
    processes_per_node: one, or of several nodes one a GPU.
    cpus: of a process.
    at_once: elements of an array that may run at one time.
    container: image that the workers run in (srun --container-image).
    srun: further options of srun, as "--container-mounts=/data".
    setup: lines of the shell before a run: module load, activate.
    options: further #SBATCH options, as "--constraint=a100".
    program: what starts `forgetting`; by default this Python.
    save_seconds: between the signal to save and the time limit.
    max_restarts: of a run, after which it counts as failed.
    template: a changed copy of slurm.sbatch.
  """

  partition: str | None = None
  account: str | None = None
  qos: str | None = None
  time: str | None = None
  nodes: int = 1
  gpus: int | None = None
  processes_per_node: int | None = None
  cpus: int | None = None
  memory: str | None = None
  at_once: int | None = None
  container: str | None = None
  srun: tuple[str, ...] = ()
  setup: tuple[str, ...] = ()
  options: tuple[str, ...] = ()
  program: str | None = None
  save_seconds: int = 120
  max_restarts: int = 20
  template: str | None = None

  @property
  def processes(self) -> int:
    """Of a node. A process sees all of its node's GPUs."""
    if self.processes_per_node is not None:
      return self.processes_per_node
    # of several nodes JAX gives each process the GPU of its place on the node
    return self.gpus or 1 if self.nodes > 1 else 1


def settings_of(launch: Launch) -> Settings:
  """The settings of a launch's profile.

  Raises:
    InputError: some of them do not hold.
  """
  where = launch.profile_file or "--profile"
  out = profile.settings(Settings, launch.profile, where=where)
  for name in ("nodes", "processes", "save_seconds"):
    found = getattr(out, name)
    if found < 1:
      raise InputError(f"{where}: {name}: found {found}, expected 1 or more")
  several = out.nodes * out.processes
  replaying = [run.name for run in launch.todo if run.replay is not None]
  if several > 1 and replaying:
    raise InputError(
      f"{where}: found {several} processes a run, expected one: {replaying[0]}"
      " replays; set nodes = 1, or leave such runs out with --only"
    )
  return out
