"""Watches a run's losses as they arrive, without making the devices wait."""

import collections
from collections.abc import Iterable
import math
import statistics

import numpy as np

# Steps that the devices may be behind the host. A device that is given its
# next steps before it has done the last never idles.
BEHIND = 8
# A spike is a loss so many standard deviations above the mean of the ones
# before it: of as many as that.
SPIKE, WINDOW = 6.0, 32
MOST_SPIKES = 100  # told of a run; a longer list says nothing more


class Watch:
  """What the training losses say: that a run has diverged, or spiked.

  Attributes:
    why: of a run that has diverged.
  """

  def __init__(self):
    self._arriving: collections.deque[tuple[int, Iterable]]
    self._arriving = collections.deque()
    self._recent: collections.deque[float] = collections.deque(maxlen=WINDOW)
    self._spikes: list[dict] = []
    self.why: str | None = None

  def add(self, step: int, metrics) -> None:
    """Metrics of a step, as the devices will have them."""
    self._arriving.append((step, metrics))

  def diverged(self) -> bool:
    """Whether a loss or gradient was not finite, BEHIND steps ago."""
    while len(self._arriving) > BEHIND:
      self._look(*self._arriving.popleft())
    return self.why is not None

  def catch_up(self) -> bool:
    """The same of all steps: waits for them."""
    while self._arriving:
      self._look(*self._arriving.popleft())
    return self.why is not None

  def take_spikes(self) -> dict:
    """For a record: the spikes since the last one, where there were any."""
    spikes, self._spikes = self._spikes, []
    return dict(loss_spikes=spikes) if spikes else {}

  def _look(self, step: int, metrics) -> None:
    loss, norm = (float(np.asarray(value)) for value in metrics)
    if not (math.isfinite(loss) and math.isfinite(norm)):
      self.why = self.why or (
        f"found training loss {loss} and gradient norm {norm} at step {step}"
      )
      return
    if len(self._recent) == WINDOW:
      mean = statistics.fmean(self._recent)
      # not statistics.pstdev: its exact fractions take twenty times as long
      deviation = math.dist(self._recent, WINDOW * [mean]) / math.sqrt(WINDOW)
      if loss > mean + SPIKE * deviation:
        self._spikes.append(dict(step=step, loss=loss, mean_before=mean))
    self._recent.append(loss)


def spikes_of(records: Iterable[dict]) -> list[dict]:
  """All spikes of a run, from its records."""
  spikes = [spike for r in records for spike in r.get("loss_spikes", ())]
  return spikes[:MOST_SPIKES]
