"""One process does a run at a time: a claim in its directory.

A claim is created if it is absent, in a folder (O_EXCL) as in a bucket
(ifGenerationMatch). Whoever holds it says so every BEAT seconds. It is taken
over when its process is dead, when the same job has been started again, or
when it has been silent for EXPIRES seconds: clocks of machines must agree to
within minutes.
"""

from collections.abc import Callable, Iterator
import contextlib
import pathlib
import threading

from forgetting.storage import claim_files
from forgetting.storage.claim_files import Seen
from forgetting.storage.holders import Holder

NAME = "claim.json"
BEAT = 20.0  # seconds
EXPIRES = 180.0


class Held(Exception):
  """Another process is doing the run; its text is one line that says who."""


class Claim:
  """A claim that this process holds, and goes on saying so.

  Args:
    file: the claim file, of `claim_files`.
    own: this process.
    seen: the file as this process wrote it.
    what: the run's name, for messages.
  """

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
    """A question to stop that first makes sure that the claim is still held.

    Args:
      stop: what a run asks before every step.

    Returns:
      `stop`, which raises Held once another process has taken over.
    """

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
    """Makes sure that the claim is held, before the result is written.

    Raises:
      Held: it was silent for too long, and another process has taken over.
    """
    self._renew()
    self._check()

  def release(self) -> None:
    """Ends the claim: another process may take the run at once."""
    self._over.set()
    self._thread.join()
    if not self._lost:
      with contextlib.suppress(Exception):  # it will expire
        self._file.remove(self._seen)


class Followed:
  """What a process of a run has where the run's first process holds the claim.

  It answers as a `Claim` and checks nothing.
  """

  def asked_before(self, stop: Callable[[], bool]) -> Callable[[], bool]:
    """`stop` as it is.

    Args:
      stop: what a run asks before every step.
    """
    return stop

  def confirm(self) -> None:
    """Nothing: the first process confirms."""
    pass


@contextlib.contextmanager
def claimed(directory: pathlib.Path, what: str) -> Iterator[Claim]:
  """Holds a run's directory while the block runs.

  Args:
    directory: of the run, in a folder or a bucket.
    what: the run's name, for messages.

  Yields:
    the claim.

  Raises:
    Held: another process does it.
  """
  claim = take(directory, what)
  try:
    yield claim
  finally:
    claim.release()


def held(directory: pathlib.Path) -> bool:
  """Whether a process, this one or another, is at a run.

  Args:
    directory: of the run, in a folder or a bucket.
  """
  there = claim_files.of(directory / NAME).read()
  if there is None:
    return False
  return not _over(Holder.of(there.content), there, Holder.own())


def take(directory: pathlib.Path, what: str) -> Claim:
  """Claims a directory, or takes it over from a process that is no more.

  Args:
    directory: of the run, in a folder or a bucket.
    what: the run's name, for messages.

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
