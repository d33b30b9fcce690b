"""Alternating windows over worker processes, for `benchmarks/training.py`.

A worker is a program that prints one line of JSON when it is ready, then reads
a number of seconds a line, works so long, and answers with one line each. It
lives through all windows, so that a machine's slow minutes fall on all cells.
"""

from collections.abc import Callable
import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
import time

# A window is dropped in which other processes, or other guests of the machine,
# used more than these parts of one core.
BUSY, STOLEN = 0.3, 0.1
_TICKS = os.sysconf("SC_CLK_TCK")


class Windows:
  """A worker's side: tells facts, then works through windows.

  Args:
    finish: waits for what a device still has to do.
    facts: to be told once, when ready.
  """

  def __init__(self, finish: Callable[[], object], **facts):
    self._finish = finish
    # answers alone go to standard output: the Trainer prints there too
    self._answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(facts), file=self._answers, flush=True)
    self._begin()

  def done(self, tokens: int) -> None:
    """To be called after every step; ends the process with the last window."""
    self._done += tokens
    if time.perf_counter() < self._end:
      return
    self._finish()
    wall, cpu = time.perf_counter() - self._start, time.process_time()
    answer = dict(done=self._done, wall=wall, cpu=cpu - self._cpu)
    print(json.dumps(answer), file=self._answers, flush=True)
    self._begin()

  def _begin(self) -> None:
    line = sys.stdin.readline()
    if not line:
      os._exit(0)  # a library's threads may still be at work
    self._done, self._cpu = 0, time.process_time()
    self._start = time.perf_counter()
    self._end = self._start + float(line)


class Worker:
  """One process of a cell.

  Args:
    command: a program and its arguments.
    core: that it is pinned to, single-threaded; None: all cores.
  """

  def __init__(self, command: list[str], *, core: int | None, env: dict):
    pin = [] if core is None else ["taskset", "-c", str(core)]
    self._process = subprocess.Popen(
      [*pin, *command],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      env=os.environ | env,
      text=True,
    )
    self.pid = self._process.pid

  def ask(self, seconds: float) -> None:
    self._process.stdin.write(f"{seconds}\n")
    self._process.stdin.flush()

  def answer(self) -> dict:
    """The next line of JSON; libraries' other lines are passed over.

    Raises:
      EOFError: the process ended instead.
    """
    for line in self._process.stdout:
      if line.startswith("{"):
        return json.loads(line)
    raise EOFError(f"exit code {self._process.wait()}")

  def close(self) -> None:
    self._process.stdin.close()
    self._process.terminate()
    self._process.wait()


@dataclasses.dataclass(frozen=True)
class Window:
  rate: float  # of all members together, a second
  per_core: float  # the same by seconds of processors
  quiet: bool


@dataclasses.dataclass
class Cell:
  """Something measured: one process, or one a core at the same time."""

  name: str
  workers: list[Worker]
  facts: dict = dataclasses.field(default_factory=dict)
  windows: list[Window] = dataclasses.field(default_factory=list)

  def measure(self, seconds: float) -> Window:
    before = _machine()
    for worker in self.workers:
      worker.ask(seconds)
    answers = [worker.answer() for worker in self.workers]
    busy, stolen, wall = (
      b - a for a, b in zip(before, _machine(), strict=True)
    )
    others = busy - sum(a["cpu"] for a in answers)
    quiet = others < BUSY * wall and stolen < STOLEN * wall
    rate = sum(a["done"] / a["wall"] for a in answers)
    cpu = sum(a["cpu"] for a in answers)
    return Window(rate, sum(a["done"] for a in answers) / cpu, quiet)

  @property
  def _rates(self) -> list[float]:
    quiet = [w.rate for w in self.windows if w.quiet]
    # on a machine that never is, all of them
    return quiet if len(quiet) >= 3 else [w.rate for w in self.windows]

  @property
  def best(self) -> float:
    return max(self._rates)

  @property
  def median(self) -> float:
    return statistics.median(self._rates)

  @property
  def quiet(self) -> int:
    return sum(w.quiet for w in self.windows)

  def close(self) -> None:
    for worker in self.workers:
      worker.close()


def alternate(cells: list[Cell], *, seconds: float, rounds: int) -> None:
  """Windows of every cell in turn, in another order every round."""
  order = random.Random(0)
  for cell in cells:
    cell.measure(seconds / 2)  # warms up
  for _ in range(rounds):
    for cell in order.sample(cells, len(cells)):
      cell.windows.append(cell.measure(seconds))


def _machine() -> tuple[float, float, float]:
  """Busy and stolen core seconds since the machine started, and the time."""
  try:
    with open("/proc/stat") as file:
      ticks = [int(x) for x in file.readline().split()[1:]]
  except OSError:  # not Linux: every window is quiet
    return 0.0, 0.0, time.perf_counter()
  user, nice, system, _, _, irq, soft, steal = ticks[:8]
  busy = user + nice + system + irq + soft
  return busy / _TICKS, steal / _TICKS, time.perf_counter()
