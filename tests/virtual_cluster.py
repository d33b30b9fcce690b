"""A SLURM cluster of virtual nodes on this machine, thrown away afterwards.

  python tests/virtual_cluster.py   # a shell on one; it ends with it

Root, Debian's packages; no systemd, cgroups or accounting. Nodes are slurmd
processes with a name and a port each, and two GPUs that are none.
"""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue")
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
HOSTS = pathlib.Path("/etc/hosts")

# What the clusters of the world do, as fast as it goes: schedule at once,
# purge late. An array holds three tasks, so that studies need several.
CONFIG = """\
ClusterName=throwaway
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,\
sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=15
ReturnToService=0
MaxArraySize=4
NodeName=DEFAULT CPUs={cpus} CoresPerSocket={cpus} RealMemory=4000 Gres=gpu:2
{nodes}
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE \
MaxTime=INFINITE State=UP
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE \
State=UP
"""


class Unavailable(Exception):
  """Why there can be no cluster here."""


@dataclasses.dataclass(frozen=True)
class Cluster:
  """A running cluster; its commands need `environment`."""

  folder: pathlib.Path
  nodes: tuple[str, ...]

  @property
  def environment(self) -> dict[str, str]:
    return {"SLURM_CONF": str(self.folder / "slurm.conf")}

  def ask(self, *command: str) -> str:
    """Output of one of SLURM's commands."""
    return subprocess.run(
      command,
      env=os.environ | self.environment,
      check=True,
      capture_output=True,
      text=True,
    ).stdout.strip()


def install() -> None:
  """Installs what is missing.

  Raises:
    Unavailable: not root, no apt-get, or it fails.
  """
  if os.geteuid() != 0:
    raise Unavailable("not root: a throw-away SLURM cluster needs it")
  if all(map(shutil.which, PROGRAMS)):
    return
  if shutil.which("apt-get") is None:
    raise Unavailable(f"no SLURM and no apt-get to install {PACKAGES} with")
  quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
  install = ["install", "-y", "-q", "--no-install-recommends", *PACKAGES]
  for arguments in (["update", "-q"], install):
    done = subprocess.run(
      ["apt-get", *arguments], env=quiet, capture_output=True, text=True
    )
    if done.returncode:
      raise Unavailable(f"apt-get {arguments[0]}: {done.stderr.strip()[-300:]}")


@contextlib.contextmanager
def running(folder: pathlib.Path, *, nodes: int = 2, cpus: int = 2):
  """A cluster while the block lasts.

  Args:
    folder: new or empty; its path has to be short, for a socket lies in it.

  Raises:
    Unavailable: it cannot be installed.
    TimeoutError: it does not come up.
  """
  install()
  names = tuple(f"virtual{i}" for i in range(1, nodes + 1))
  cluster = Cluster(folder, names)
  _write_files(cluster, cpus)
  with _known_hosts(names):
    try:
      _start(cluster)
      yield cluster
    finally:
      _stop(cluster)


def _write_files(cluster: Cluster, cpus: int) -> None:
  folder = cluster.folder
  (folder / "state").mkdir(parents=True)
  key = folder / "munge.key"
  key.write_bytes(os.urandom(1024))
  key.chmod(0o400)
  folder.chmod(0o755)
  for i in range(2):  # as /dev/null
    os.mknod(folder / f"gpu{i}", 0o666 | 0o020000, os.makedev(1, 3))
  ports = _free_ports(len(cluster.nodes) + 1)
  host = socket.gethostname().split(".")[0]
  lines = [
    f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
    for name, port in zip(cluster.nodes, ports[1:], strict=True)
  ]
  text = CONFIG.format(
    folder=folder,
    host=host,
    cpus=cpus,
    controller_port=ports[0],
    nodes="\n".join(lines),
  )
  (folder / "slurm.conf").write_text(text)
  (folder / "gres.conf").write_text(
    f"NodeName={','.join(cluster.nodes)} Name=gpu File={folder}/gpu[0-1]\n"
  )


def _free_ports(count: int) -> list[int]:
  with contextlib.ExitStack() as stack:
    sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
    for sock in sockets:
      sock.bind(("127.0.0.1", 0))
    return [sock.getsockname()[1] for sock in sockets]


@contextlib.contextmanager
def _known_hosts(names):
  """JAX's processes find each other by their nodes' names."""
  before = HOSTS.read_text()
  HOSTS.write_text(f"{before}\n127.0.0.1 {' '.join(names)}\n")
  try:
    yield
  finally:
    HOSTS.write_text(before)


def _start(cluster: Cluster) -> None:
  folder = cluster.folder
  cluster.ask(
    "munged", "--force", f"--key-file={folder}/munge.key",
    f"--socket={folder}/munge.sock", f"--pid-file={folder}/munged.pid",
    f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed",
  )  # fmt: skip
  cluster.ask("slurmctld")
  for name in cluster.nodes:
    cluster.ask("slurmd", "-N", name)
  for _ in range(200):
    with contextlib.suppress(subprocess.CalledProcessError):
      idle = cluster.ask("sinfo", "-h", "-p", "low", "-t", "idle", "-o", "%D")
      if idle == str(len(cluster.nodes)):
        return
    time.sleep(0.1)
  log = (folder / "slurmctld.log").read_text()[-2000:]
  raise TimeoutError(f"the cluster did not come up:\n{log}")


def _stop(cluster: Cluster) -> None:
  """Ends the jobs, then every daemon that was started, by its own id."""
  with contextlib.suppress(subprocess.CalledProcessError):
    cluster.ask("scancel", "--user=root")
    _wait_for_no_job(cluster)
  files = cluster.folder.glob("*.pid")
  pids = [int(file.read_text()) for file in files]
  for number in (signal.SIGTERM, signal.SIGKILL):
    pids = [pid for pid in pids if _lives(pid, number)]
    for _ in range(100):
      if not any(_lives(pid, 0) for pid in pids):
        break
      time.sleep(0.1)


def _lives(pid: int, number: int) -> bool:
  """Whether it was there to be sent that signal."""
  try:
    os.kill(pid, number)
  except ProcessLookupError:
    return False
  return True


def _wait_for_no_job(cluster: Cluster) -> None:
  for _ in range(100):
    if not cluster.ask("squeue", "--noheader"):
      return
    time.sleep(0.1)


if __name__ == "__main__":
  with tempfile.TemporaryDirectory(prefix="slurm-") as place:
    with running(pathlib.Path(place) / "cluster") as mine:
      os.environ.update(mine.environment)
      print(mine.ask("sinfo"))
      sys.exit(subprocess.call(sys.argv[1:] or [os.environ["SHELL"]]))
