"""The process that holds a claim, and how another learns that it is gone."""

from collections.abc import Mapping
import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import secrets

# Environment by which an engine names a job, the same after a restart; and
# how often it was started again, where the engine says that.
_JOBS = {
  "FORGETTING_JOB": None,
  "SKYPILOT_TASK_ID": None,
  "SLURM_JOB_ID": "SLURM_RESTART_COUNT",
}


@dataclasses.dataclass(frozen=True)
class Holder:
  """A process, as others tell it from themselves.

  Attributes:
    token: of one claim alone.
    host: name of its machine, for people.
    machine: the same for processes that see each other's pids.
    pid: its number on that machine.
    started: when, in the machine's own count; "" where that is not known.
    job: of the engine, the same after a restart; "" without one.
    restarts: how often the engine started the job again; None if it does not
      say.
  """

  token: str
  host: str
  machine: str
  pid: int
  started: str
  job: str = ""
  restarts: int | None = None

  @classmethod
  def own(cls, environment: Mapping[str, str] = os.environ) -> "Holder":
    """This process, with a token for a new claim.

    Args:
      environment: variables by which an engine names its job.
    """
    job, restarts = _job(environment)
    pid = os.getpid()
    return cls(
      token=secrets.token_hex(8),
      host=platform.node(),
      machine=_machine(),
      pid=pid,
      started=_started(pid),
      job=job,
      restarts=restarts,
    )

  @classmethod
  def of(cls, content: bytes) -> "Holder | None":
    """Reads a holder from the bytes of a claim.

    Args:
      content: of a claim file.

    Returns:
      None while it is being written, or where another version of the program
      wrote it.
    """
    try:
      return cls(**json.loads(content))
    except (ValueError, TypeError):
      return None

  def to_bytes(self) -> bytes:
    """The holder as a claim file keeps it: JSON."""
    return json.dumps(dataclasses.asdict(self)).encode()

  def gone(self, successor: "Holder") -> bool:
    """Whether this process is known to be no more.

    Args:
      successor: the process that asks: on the same machine it can look, and of
        the same job it is the restart.
    """
    if self.machine == successor.machine:
      return _started(self.pid) != self.started or not _runs(self.pid)
    if not self.job or self.job != successor.job:
      return False
    before, now = self.restarts, successor.restarts
    return before is None or now is None or before < now


def _job(environment: Mapping[str, str]) -> tuple[str, int | None]:
  for name, count in _JOBS.items():
    if job := environment.get(name):
      restarts = int(environment.get(count) or 0) if count else None
      return f"{name}={job}", restarts
  return "", None


def _machine() -> str:
  """This boot of this machine, and of its containers this one."""
  parts = [platform.node()]
  with contextlib.suppress(OSError):
    parts.append(pathlib.Path("/proc/sys/kernel/random/boot_id").read_text())
    parts.append(os.readlink("/proc/self/ns/pid"))
  return " ".join(part.strip() for part in parts)


def _started(pid: int) -> str:
  """Tells a process from a later one with its number; "" if not known."""
  try:
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
  except OSError:
    return ""
  state, *fields = stat.rpartition(")")[2].split()
  return "dead" if state in "ZX" else fields[18]


def _runs(pid: int) -> bool:
  try:
    os.kill(pid, 0)
  except ProcessLookupError:
    return False
  except PermissionError:  # another user's
    pass
  return True
