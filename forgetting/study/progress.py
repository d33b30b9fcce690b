"""One display for a whole study: runs, share of the work, time left."""

from collections.abc import Sequence
import sys
import time

from rich import progress as rich_progress
from rich.console import Console

from forgetting.config import Run
from forgetting.config.names import short


class Progress:
  """A live bar on a terminal, a line a run elsewhere; on standard error.

  A context: the bar is there inside of it.
  """

  def __init__(self, runs: Sequence[Run], *, done: int):
    """Knows how much there is to do.

    Args:
      runs: that are to be done.
      done: how many were done before.
    """
    self._left = sum(run.flops for run in runs)
    self._total, self._done = len(runs) + done, done
    self._did = 0  # FLOPs, like what is left
    self._start = time.monotonic()
    self._tokens = 0
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
    if not self._console.is_terminal:
      self._print(f"{self._runs} of {self._total} runs to do")
    return self

  def __exit__(self, *_) -> None:
    self._bar.stop()

  def finished(self, run: Run, result: dict) -> None:
    """Counts a run that has just been done.

    Args:
      result: its own, with `tokens` and `wall_seconds`.
    """
    self._left -= run.flops
    self._did += run.flops
    self._tokens += result["tokens"]
    self._done += 1
    self._bar.update(self._task, completed=self._done)
    self.refresh()
    if not self._console.is_terminal:
      self._print(
        f"{self._done}/{self._total} runs, {self._told()}:"
        f" {run.name} in {result['wall_seconds']:.1f} s"
      )

  def refresh(self) -> None:
    """Draws the bar anew: what is left changes while nothing ends."""
    self._bar.update(self._task, left=self._told())

  def say(self, line: str) -> None:
    """Prints a line above the bar."""
    self._console.print(line, highlight=False, soft_wrap=True, markup=False)

  def _print(self, line: str) -> None:
    print(line, file=sys.stderr, flush=True)

  def _told(self) -> str:
    """The rate of all workers together, and what is left at that of each."""
    seconds = time.monotonic() - self._start
    if not self._tokens:
      return "? left"
    rate = short(round(self._tokens / max(seconds, 1e-3)))
    return f"{rate} tokens/s, about {self._time_left()} left"

  def _time_left(self) -> str:
    """What is left, at the rate of what is done."""
    if not self._did:
      return "?"
    seconds = (time.monotonic() - self._start) / self._did * self._left
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
