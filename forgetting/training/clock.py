"""Where the time of a run goes."""

import dataclasses
import time

import jax


@dataclasses.dataclass
class Clock:
  """Seconds of the host by what they went into; together the wall time."""

  spent: dict[str, float] = dataclasses.field(default_factory=dict)

  def time(self, what: str, function, *args):
    """Calls and waits for what the devices make of it."""
    return self.queue(what, lambda: jax.block_until_ready(function(*args)))

  def queue(self, what: str, function, *args):
    """Calls and does not wait: whoever waits later counts it as the same."""
    start = time.perf_counter()
    out = function(*args)
    self.add(what, time.perf_counter() - start)
    return out

  def add(self, what: str, seconds: float) -> None:
    """Counts seconds that were measured elsewhere."""
    self.spent[what] = self.spent.get(what, 0) + seconds
