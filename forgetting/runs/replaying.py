"""Replay in one run: what its pool has forgotten, and the batches that follow.

The weights are in replay.npz in the run's directory before the first batch
that depends on them: batches are a function of (seed, step, replay.npz), so a
resume is exact.
"""

from collections.abc import Iterator, Mapping
import dataclasses

import numpy as np

from forgetting.runs import text as run_text
from forgetting.associations.replay import weigh
from forgetting.config import InputError, Run
from forgetting.records import RunDirectory


@dataclasses.dataclass(frozen=True, eq=False)
class Replaying:
  """The batches of a run, and where they depend on what it forgets.

  Attributes:
    evaluator: `training.loop.Evaluator`, which measures the pool.
    base: its losses at base, [pool] nats a token.
  """

  run: Run
  directory: RunDirectory
  evaluator: object
  base: np.ndarray

  def mixture(self):
    """With the weights, once they are written."""
    weights = self.directory.replay().get("weights")
    return run_text.mixture_of(self.run, replay_weights=weights)

  def measure_before(self, root: str, study: str) -> None:
    """Takes the weights from the run that was done to tell them.

    Raises:
      InputError: it is not there, or has measured another pool.
    """
    measured = self.run.replay and self.run.replay.measured_in
    if not measured or self.directory.replay():
      return
    directory = RunDirectory.of(root, study, measured)
    if not directory.done:
      raise InputError(
        f"{self.run.name}: found no result of {measured.name}, expected it:"
        " its forgetting says what to replay"
      )
    examples = directory.examples()
    if not np.array_equal(examples["pool_id"], self.evaluator.pool.id):
      raise InputError(
        f"{directory.path}/examples.npz: found another pool than"
        f" {self.run.name}'s; give the study another name to start anew"
      )
    self._write(examples["pool_best"] - examples["pool_base"])

  def measure_online(self, step: int, state: Mapping) -> Iterator | None:
    """At its step, weights by what this run has forgotten so far.

    Returns:
      the batches from this step on, or None where they stay the same.
    """
    if step != run_text.online_step(self.run) or self.directory.replay():
      return None
    self._write(self.evaluator.of_pool(state["params"]) - self.base)
    return self.mixture().batches(step, self.run.steps)

  def _write(self, forgetting: np.ndarray) -> None:
    share = self.run.replay.effective_share
    weights = weigh(forgetting, effective_share=share).weights
    self.directory.write_replay(weights=weights, forgetting=forgetting)
