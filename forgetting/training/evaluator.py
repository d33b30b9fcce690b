"""Both losses of a run's parameters: the same code for base and for best."""

import dataclasses
from typing import NamedTuple

import numpy as np

from forgetting.config import Evaluation
from forgetting.training.evaluate import ValidationSet, per_example
from forgetting.training.executor import Executor
from forgetting.training.models.family import Params


class Losses(NamedTuple):
  """Per-example losses of both validation sets, nats a token."""

  pretrain: np.ndarray
  target: np.ndarray  # empty in a pretraining
  pool: np.ndarray = np.empty(0, np.float32)  # of full measurements alone
  beside: np.ndarray = np.empty(0, np.float32)  # likewise


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluator:
  """Both losses of some parameters, from one program on fixed sequences.

  The same for all runs that start from one parent on one domain. Parameters
  are those that a method trains, on the devices.

  Attributes:
    executor: whose program measures.
    evaluation: how many sequences, and when.
    pretrain, target: the full validation sets; a pretraining has no target.
    pool: the pool that is replayed from, if any.
    beside: other text that base and best are measured on, if any.
    frozen: what the method keeps of the parent and leaves alone.
  """

  executor: Executor
  evaluation: Evaluation
  pretrain: ValidationSet
  target: ValidationSet | None
  pool: ValidationSet | None = None
  beside: ValidationSet | None = None
  frozen: Params = dataclasses.field(default_factory=dict)

  def curve(self, params: Params) -> Losses:
    """On the first sequences of each set: what the U-curve is made of."""
    e = self.evaluation
    return self._measure(params, e.curve_pretrain, e.curve_target)

  def full(self, params: Params) -> Losses:
    """On all sequences: what a run's result is made of."""
    e = self.evaluation
    losses = self._measure(params, e.full_pretrain, e.full_target)
    beside = self._of(self.beside, params)
    return losses._replace(pool=self.of_pool(params), beside=beside)

  def drift(self, now: Params, start: Params) -> dict:
    """The way from base to some parameters, on all sequences.

    Args:
      now, start: what is trained, now and at base, on the devices.

    Returns:
      kl_pretrain and kl_target, KL(base, now) in nats a token, and
      weight_distance, of the weights, as a part of their size at base.
    """
    programs, out = self.executor.drift, {}
    for kind in ("pretrain", "target"):
      measured = getattr(self, kind)
      found = per_example(
        programs.divergences,
        (now, start),
        self.frozen,
        measured.chunks,
        measured.weights,
      )
      out[f"kl_{kind}"] = measured.mean(found)
    distance = programs.distance(now, start, self.frozen)
    return out | dict(weight_distance=float(np.asarray(distance)))

  def of_pool(self, params: Params) -> np.ndarray:
    """Losses of the pool; empty where there is none."""
    return self._of(self.pool, params)

  def _of(self, measured: ValidationSet | None, params: Params) -> np.ndarray:
    if measured is None:
      return np.empty(0, np.float32)
    return self._per_example(params, measured.chunks, measured.weights)

  def _measure(self, params, pretrain: int, target: int) -> Losses:
    chunks = [self.pretrain.chunks[:pretrain]]
    weights = [self.pretrain.weights[:pretrain]]
    if self.target is not None:
      chunks.append(self.target.chunks[:target])
      weights.append(self.target.weights[:target])
    losses = self._per_example(
      params, np.concatenate(chunks), np.concatenate(weights)
    )
    return Losses(losses[: len(chunks[0])], losses[len(chunks[0]) :])

  def _per_example(self, params, chunks, weights) -> np.ndarray:
    program = self.executor.losses
    return per_example(program, params, self.frozen, chunks, weights)

  def errors(self, losses: Losses, base: Losses) -> dict:
    """Standard errors of a point of a fine-tuning's curve, nats a token.

    Args:
      losses: of the point.
      base: full losses at base, whose first sequences are the curve's.

    Returns:
      target_standard_error, of the target loss, and
      forgetting_standard_error, of the paired difference to base; the
      sequences are the sample. None of a single sequence; nothing in a
      pretraining.
    """
    if self.target is None:
      return {}
    with np.errstate(invalid="ignore"):  # of a run that diverges
      change = losses.pretrain - base.pretrain[: len(losses.pretrain)]
    pairs = dict(
      target=(self.target, losses.target), forgetting=(self.pretrain, change)
    )
    return {
      f"{name}_standard_error": (
        measured.standard_error(values) if len(values) > 1 else None
      )
      for name, (measured, values) in pairs.items()
    }

  def means(self, losses: Losses, prefix: str = "") -> dict:
    """In nats a token and in bits a byte; None without a target."""
    out = {}
    for kind in ("pretrain", "target"):
      values, measured = getattr(losses, kind), getattr(self, kind)
      mean = bits = None
      if measured is not None:
        mean = measured.mean(values)
        bits = measured.bits_per_byte(values)
      out[f"{prefix}{kind}_loss"] = mean
      out[f"{prefix}{kind}_bits_per_byte"] = bits
    return out
