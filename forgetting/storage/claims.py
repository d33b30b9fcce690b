"""One process does a run at a time: a claim in its directory.

A claim is created if it is absent, in a folder (O_EXCL) as in a bucket
(ifGenerationMatch). Whoever holds it says so every BEAT seconds. It is taken
over when its process is dead, when the same job has been started again, or
when it has been silent for EXPIRES seconds: clocks of machines must agree to
within minutes.
"""

from collections.abc import Callable, Iterator, Mapping
import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import secrets
import threading

from forgetting.storage import claim_files
from forgetting.storage.claim_files import Seen

NAME = "claim.json"
BEAT = 20.0  # seconds
EXPIRES = 180.0

# Environment by which an engine names a job, the same after a restart; and
# how often it was started again, where the engine says that.
_JOBS = {
  "FORGETTING_JOB": None,
  "SKYPILOT_TASK_ID": None,
  "SLURM_JOB_ID": "SLURM_RESTART_COUNT",
}


class Held(Exception):
  """Another process is doing the run: one line."""


@dataclasses.dataclass(frozen=True)
class Holder:
  """A process, as others tell it from themselves.

  Attributes:
    token: of one claim alone.
    machine: the same for processes that see each other's pids.
    pid, started: of a process; when, in the machine's own count.
    job, restarts: of the engine; empty without one.
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
    """None: it is being written, or by another version of the program."""
    try:
      return cls(**json.loads(content))
    except (ValueError, TypeError):
      return None

  def to_bytes(self) -> bytes:
    return json.dumps(dataclasses.asdict(self)).encode()

  def gone(self, successor: "Holder") -> bool:
    """Whether the successor knows that this process is no more."""
    if self.machine == successor.machine:
      return _started(self.pid) != self.started or not _runs(self.pid)
    if not self.job or self.job != successor.job:
      return False
    counted = (self.restarts, successor.restarts)
    return None in counted or counted[0] < counted[1]


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


class Claim:
  """A claim that this process holds, and goes on saying so."""

  def __init__(self, file, own: Holder, seen: Seen, what: str):
    self._file, self._own, self._seen, self._what = file, own, seen, what
    self._over, self._lost = threading.Event(), False
    self._renewing = threading.Lock()
    self._thread = threading.Thread(target=self._beat, daemon=True)
    self._thread.start()

  def _beat(self) -> None:
    while not self._over.wait(BEAT):
      # a bucket that cannot be reached now may be in BEAT seconds
      with contextlib.suppress(Exception):
        self._renew()

  def _renew(self) -> None:
    with self._renewing:
      if seen := self._file.renew(self._seen):
        self._seen = seen
      else:
        self._lost = True
        self._over.set()

  def asked_before(self, stop: Callable[[], bool]) -> Callable[[], bool]:
    """`stop`, which raises Held once another process has taken over."""

    def asked() -> bool:
      self._check()
      return stop()

    return asked

  def _check(self) -> None:
    if self._lost:
      raise Held(
        f"{self._what}: another process has taken it over after this one was"
        f" silent for {EXPIRES:.0f} s; it does the rest"
      )

  def confirm(self) -> None:
    """Before the result is written.

    Raises:
      Held: it was silent for too long, and another process has taken over.
    """
    self._renew()
    self._check()

  def release(self) -> None:
    self._over.set()
    self._thread.join()
    if not self._lost:
      with contextlib.suppress(Exception):  # it will expire
        self._file.remove(self._seen)


class Followed:
  """In every process of a run but the first, which holds the claim."""

  def asked_before(self, stop: Callable[[], bool]) -> Callable[[], bool]:
    return stop

  def confirm(self) -> None:
    pass


@contextlib.contextmanager
def claimed(directory: pathlib.Path, what: str) -> Iterator[Claim]:
  """Holds a run's directory while the block runs.

  Args:
    what: the run's name, for messages.

  Raises:
    Held: another process does.
  """
  claim = take(directory, what)
  try:
    yield claim
  finally:
    claim.release()


def held(directory: pathlib.Path) -> bool:
  """Whether a process, this one or another, is at a run."""
  there = claim_files.of(directory / NAME).read()
  if there is None:
    return False
  return not _over(Holder.of(there.content), there, Holder.own())


def take(directory: pathlib.Path, what: str) -> Claim:
  """Claims a directory, or takes it over from a process that is no more.

  Raises:
    Held: another process is at it.
  """
  own, file = Holder.own(), claim_files.of(directory / NAME)
  seen = file.create(own.to_bytes())
  while seen is None:
    there = file.read()
    if there is None:  # released just now
      seen = file.create(own.to_bytes())
      continue
    if there.content == own.to_bytes():  # our first answer was lost
      seen = there
      continue
    holder = Holder.of(there.content)
    if not _over(holder, there, own):
      raise Held(_told(what, holder, there))
    seen = file.swap(there, own.to_bytes())
  return Claim(file, own, seen, what)


def _over(holder: Holder | None, there: Seen, own: Holder) -> bool:
  if holder is None:
    return there.age > EXPIRES
  if holder.machine == own.machine:
    return holder.gone(own)  # alive, it may be slow
  return there.age > EXPIRES or holder.gone(own)


def _told(what: str, holder: Holder | None, there: Seen) -> str:
  who = "another process"
  if holder is not None:
    job = f", {holder.job}" if holder.job else ""
    who = f"process {holder.pid} on {holder.host}{job}"
  return (
    f"{what}: {who} is doing it, last heard of {max(0, there.age):.0f} s ago;"
    f" when it is silent for {EXPIRES:.0f} s another may go on"
  )
