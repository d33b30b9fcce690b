"""Replay in one run: what its pool has forgotten, and the batches that follow.

The weights are in replay.npz in the run's directory before the first batch
that depends on them: batches are a function of (seed, step, replay.npz), so a
resume is exact.
"""

from collections.abc import Iterator, Mapping
import dataclasses

import numpy as np

from forgetting.associations.replay import weigh
from forgetting.config import InputError, Run
from forgetting.data.mixture import Mixture
from forgetting.data.streamed import StreamedMixture
from forgetting.records import RunDirectory, StudyDirectory
from forgetting.runs import text as run_text


@dataclasses.dataclass(frozen=True, eq=False)
class Replaying:
  """The batches of a run, and where they depend on what it forgets.

  Attributes:
    directory: the run's, where the weights are.
    evaluator: `training.evaluator.Evaluator`, which measures the pool.
    base: its losses at base, [pool] nats a token.
  """

  run: Run
  directory: RunDirectory
  evaluator: object
  base: np.ndarray

  def mixture(self) -> Mixture | StreamedMixture:
    """The run's batches, with the weights of its pool once they are written."""
    weights = self.directory.replay().get("weights")
    return run_text.mixture_of(self.run, replay_weights=weights)

  def measure_before(self, study: StudyDirectory) -> None:
    """Takes the weights from the run that was done to tell them.

    Args:
      study: where that run's directory is.

    Raises:
      InputError: it is not there, or has measured another pool.
    """
    measured = self.run.replay and self.run.replay.measured_in
    if not measured or self.directory.replay():
      return
    directory = study.of(measured)
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

    Args:
      step: that is taken next.
      state: of the run before it, with its `params`.

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
