"""One display for a whole study: runs, share of the work, time left."""

from collections.abc import Iterable, Sequence
import sys
import time

from rich import progress as rich_progress
from rich.console import Console

from forgetting.config import Run
from forgetting.config.names import short
from forgetting.records import StudyDirectory

AT_WORK = ("training", "evaluation", "input")  # of a result's seconds
HEARTBEAT = 15.0  # seconds of silence after which a line tells what goes on


class Progress:
  """A live bar on a terminal, a line a run elsewhere; on standard error.

  A context: the bar is there inside of it.
  """

  def __init__(
    self,
    runs: Sequence[Run],
    *,
    done: int,
    study: StudyDirectory,
    estimate: float | None = None,
  ):
    """Knows how much there is to do.

    Args:
      runs: that are to be done.
      done: how many were done before.
      study: where their directories are.
      estimate: seconds that they will take, where it is known before.
    """
    self._left = sum(run.flops for run in runs)
    self._total, self._done = len(runs) + done, done
    self._did = 0  # FLOPs, like what is left
    self._study, self._estimate = study, estimate
    self._under_way: dict[str, float] = {}  # name -> FLOPs, of runs not done
    self._start = self._said = time.monotonic()
    self._tokens = 0
    self._seconds = self._at_work = 0.0  # of the runs that are done
    self._runs = len(runs)
    self._console = Console(stderr=True)
    self._bar = rich_progress.Progress(
      rich_progress.TextColumn("{task.description}"),
      rich_progress.BarColumn(),
      rich_progress.TextColumn("{task.completed}/{task.total} runs"),
      rich_progress.TimeElapsedColumn(),
      rich_progress.TextColumn("{task.fields[left]}"),
      console=self._console,
      disable=not self._console.is_terminal,
    )
    self._task = self._bar.add_task(
      "study", total=self._total, completed=done, left=""
    )

  def __enter__(self) -> "Progress":
    self._bar.start()
    line = f"{self._runs} of {self._total} runs to do"
    if self._estimate is not None:
      line += f", by this machine's speed about {clock(self._estimate)}"
    self.say(line)
    return self

  def __exit__(self, *_) -> None:
    self._bar.stop()

  def finished(self, run: Run, result: dict) -> None:
    """Counts a run that has just been done.

    Args:
      result: its own, with `tokens`, `wall_seconds` and, of these, `seconds`.
    """
    parts = result.get("seconds", {})
    seconds = result["wall_seconds"] - parts.get("earlier attempts", 0.0)
    at_work = sum(parts.get(name, 0.0) for name in AT_WORK)
    self._seconds += seconds
    self._at_work += at_work if parts else seconds
    self._left -= run.flops
    self._did += run.flops
    self._tokens += result["tokens"]
    self._done += 1
    self._under_way.pop(run.name, None)
    self._bar.update(self._task, completed=self._done, left=self._told())
    if not self._console.is_terminal:
      self.say(
        f"{self._done}/{self._total} runs, {self._told()}:"
        f" {run.name} in {result['wall_seconds']:.1f} s"
      )

  def refresh(self, under_way: Iterable[Run] = ()) -> None:
    """Draws the bar anew: what is left changes while nothing ends.

    Where there is no terminal, a line tells after some silence that it goes on.

    Args:
      under_way: the runs that workers are at.
    """
    silent = time.monotonic() - self._said
    if self._console.is_terminal or silent < HEARTBEAT:
      self._bar.update(self._task, left=self._told())
      return
    steps = {run: self._step(run) for run in under_way}
    self._under_way = {
      run.name: run.flops * step / run.steps for run, step in steps.items()
    }
    at = ", ".join(f"{r.name} {s}/{r.steps} steps" for r, s in steps.items())
    passed = clock(time.monotonic() - self._start)
    self.say(
      f"{passed} {self._done}/{self._total} runs, {self._told()}:"
      f" {at or 'waiting for another process'}"
    )

  def _step(self, run: Run) -> int:
    """At which it was evaluated last."""
    records = self._study.of(run).records()
    return records[-1]["step"] if records else 0

  def say(self, line: str) -> None:
    """Prints a line above the bar."""
    self._said = time.monotonic()
    if self._console.is_terminal:
      self._console.print(line, highlight=False, soft_wrap=True, markup=False)
    else:
      print(line, file=sys.stderr, flush=True)

  def _told(self) -> str:
    """The rate of all workers together, and what is left at that of each."""
    seconds = time.monotonic() - self._start
    if not self._tokens:
      return self._time_left()
    rate = short(round(self._tokens / max(seconds, 1e-3)))
    return f"{rate} tokens/s, {self._time_left()}"

  def _time_left(self) -> str:
    """What is left, at the rate of what is done; before that as estimated.

    Compiling and starting come once: only the share of the time in which the
    runs that are done were at work tells how long the others take.
    """
    seconds, under_way = time.monotonic() - self._start, self._under_way
    did = self._did + sum(under_way.values())
    rest = self._did + self._left - did
    if self._did:
      share = min(1.0, self._at_work / max(self._seconds, 1e-9)) or 1.0
      return f"about {clock(seconds * share / did * rest)} left"
    if self._estimate is None:
      return f"about {clock(seconds / did * rest) if did else '?'} left"
    if seconds > self._estimate:  # as where programs take long to compile
      return "longer than was estimated"
    left = (
      self._estimate * rest / (did + rest) if did else self._estimate - seconds
    )
    return f"about {clock(left)} left"


def clock(seconds: float) -> str:
  """Minutes and seconds; from an hour on hours, minutes and seconds."""
  minutes, rest = divmod(int(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  return (
    f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
  )
