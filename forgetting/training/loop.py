"""One run: evaluate -> save -> draw -> step. The order is the contract."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
import dataclasses
import functools
import math
import time
from typing import NamedTuple

import jax
import numpy as np

from forgetting.config import Evaluation, Run
from forgetting.config.saves import Saves
from forgetting.records import RunDirectory
from forgetting.training.checkpoint import Checkpoints, save_params
from forgetting.training.evaluate import ValidationSet, per_example
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import Programs
from forgetting.training.saving import Ask, asking
from forgetting.training.watch import Watch, spikes_of


class Interrupted(Exception):
  """Stopped from outside, after saving: the same call goes on from there."""


Batches = Callable[[int], Iterator[dict[str, np.ndarray]]]  # from a step on


class Step(NamedTuple):
  """What a run asks for between its evaluations: one training step."""

  programs: Programs
  state: Mapping
  batch: dict
  hyperparameters: Hyperparameters


class Stepped(NamedTuple):
  """What it is given back."""

  state: Mapping
  metrics: Iterable  # loss and gradient norm, as the devices will have them
  seconds: float  # of the host


Training = Generator[Step, Stepped, dict]


class Losses(NamedTuple):
  """Per-example losses of both validation sets, nats a token."""

  pretrain: np.ndarray
  target: np.ndarray  # empty in a pretraining
  pool: np.ndarray = np.empty(0, np.float32)  # of full measurements alone


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
    self.spent[what] = self.spent.get(what, 0) + seconds


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluator:
  """Both losses of some parameters, from one program on fixed sequences.

  Attributes:
    pretrain, target: the full validation sets; a pretraining has no target.
    pool: the pool that is replayed from, if any.
  """

  programs: Programs
  evaluation: Evaluation
  pretrain: ValidationSet
  target: ValidationSet | None
  pool: ValidationSet | None = None

  def curve(self, params) -> Losses:
    """On the first sequences of each set: what the U-curve is made of."""
    e = self.evaluation
    return self._measure(params, e.curve_pretrain, e.curve_target)

  def full(self, params) -> Losses:
    """On all sequences: what a run's result is made of."""
    e = self.evaluation
    losses = self._measure(params, e.full_pretrain, e.full_target)
    return losses._replace(pool=self.of_pool(params))

  def of_pool(self, params) -> np.ndarray:
    """Losses of the pool; empty where there is none."""
    if self.pool is None:
      return np.empty(0, np.float32)
    pool = self.pool
    return per_example(self.programs.losses, params, pool.chunks, pool.weights)

  def _measure(self, params, pretrain: int, target: int) -> Losses:
    chunks = [self.pretrain.chunks[:pretrain]]
    weights = [self.pretrain.weights[:pretrain]]
    if self.target is not None:
      chunks.append(self.target.chunks[:target])
      weights.append(self.target.weights[:target])
    losses = per_example(
      self.programs.losses,
      params,
      np.concatenate(chunks),
      np.concatenate(weights),
    )
    return Losses(losses[: len(chunks[0])], losses[len(chunks[0]) :])

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


def alone(training: Training) -> dict:
  """Takes a run's steps as it asks for them; gives what it returns."""
  try:
    programs, *arguments = next(training)
    while True:
      start = time.perf_counter()
      state, metrics = programs.train(*arguments)
      seconds = time.perf_counter() - start
      step = training.send(Stepped(state, metrics, seconds))
      programs, *arguments = step
  except StopIteration as done:
    return done.value


def train(
  run: Run,
  *,
  directory: RunDirectory,
  evaluator: Evaluator,
  params,
  base: Losses,
  batches: Batches,
  epoch_chunks: int | None,
  renew: Callable[[int, Mapping], Iterator | None] = lambda step, state: None,
  clock: Clock,
  saves: Saves = Saves(),
  stop: Callable[[], bool] = lambda: False,
) -> Training:
  """Does a run, or what is left of it, and gives its measurements.

  A generator: it asks for its training steps and is sent what comes of them,
  so that they can be taken together with those of other runs.

  Args:
    params: the parent's parameters, or fresh ones.
    base: `evaluator.full` of them.
    epoch_chunks: target chunks in an epoch; None in a pretraining.
    renew: asked before every draw, with the step and the state: other
      batches from this step on, or None.
    clock: goes on counting; its seconds become part of the result.
    saves: what of it is kept.
    stop: asked before every step; when true the state is saved.

  Returns:
    losses at base and best, best_step, stop_reason, status and timings; the
    run's `examples.npz` is written.

  Raises:
    Interrupted: `stop` was true.
  """
  programs = evaluator.programs
  hyperparameters = Hyperparameters.of(run)
  due = run.evaluation.steps(run.steps)
  with Checkpoints(directory.checkpoints) as checkpoints:
    resumed = checkpoints.resume(
      shapes=programs.shapes, shardings=programs.shardings, batches=batches
    )
    if resumed is None:
      first, drawn = 0, batches(0)
      state, best_params = programs.init_state(params), params
    else:
      first, state, best_params, drawn = resumed
    best_params = programs.keep(best_params)
    records, watch = directory.keep_records_before(first), Watch()
    save = functools.partial(checkpoints.save, batches=drawn)
    ask = asking(stop, saves)

    for step in range(first, run.steps + 1):
      diverged = clock.queue("training", watch.diverged)
      if step in due or diverged:
        diverged = clock.time("training", watch.catch_up)
        losses = clock.time("evaluation", evaluator.curve, state["params"])
        lr = hyperparameters.learning_rate(step)
        means = evaluator.means(losses)
        epoch = _epoch(run, step, epoch_chunks)
        records.append(_record(run, step, means, clock, lr=lr, epoch=epoch))
        records[-1] |= watch.take_spikes()
        directory.append(records[-1])
        stop_reason = "diverged" if diverged else _stop_reason(run, records)
        if stop_reason != "diverged" and _is_best(run, records):
          best_params = programs.keep(state["params"])
        if stop_reason:
          break
      if asked := ask(step):
        save(state, best_params=best_params)
        if asked is Ask.STOP:
          raise Interrupted(f"stopped at step {step}")
      drawn = renew(step, state) or drawn
      batch = clock.time("input", lambda b: programs.put(next(b)), drawn)
      state, metrics, seconds = yield Step(
        programs, state, batch, hyperparameters
      )
      clock.add("training", seconds)
      watch.add(step, metrics)
    if run.parent is None and stop_reason != "diverged":
      save(state, best_params=state["params"])

  if stop_reason == "diverged":
    return _diverged(records, clock, watch)
  best_on_device = programs.place(best_params)
  best = clock.time("evaluation", evaluator.full, best_on_device)
  if saves.best and run.parent is not None:
    save_params(directory.best, best_on_device)
  best_step = _best_record(run, records)["step"]
  directory.write_examples(
    base=base.pretrain,
    best=best.pretrain,
    id=evaluator.pretrain.id,
    source=evaluator.pretrain.source,
    **_pool_columns(evaluator, base, best),
  )
  return dict(
    status="done",
    stop_reason=stop_reason,
    best_step=best_step,
    steps=records[-1]["step"],
    tokens=records[-1]["tokens"],
    loss_spikes=spikes_of(records),
    seconds=clock.spent,
    **evaluator.means(base, prefix="base_"),
    **evaluator.means(best),
    forgetting_standard_error=evaluator.pretrain.standard_error(
      best.pretrain - base.pretrain
    ),
  )


def _pool_columns(evaluator: Evaluator, base: Losses, best: Losses) -> dict:
  if evaluator.pool is None:
    return {}
  return dict(
    pool_base=base.pool, pool_best=best.pool, pool_id=evaluator.pool.id
  )


def _epoch(run: Run, step: int, chunks: int | None) -> float | None:
  drawn = step * run.batch_size * (1 - run.injection)
  return drawn / chunks if chunks else None


def _record(
  run: Run, step: int, means: dict, clock: Clock, *, lr, epoch
) -> dict:
  return dict(
    step=step,
    tokens=step * run.tokens_per_step,
    epoch=epoch,
    **means,
    lr=float(lr),
    seconds=sum(clock.spent.values()),
  )


def _best_record(run: Run, records: list[dict]) -> dict:
  """The bottom of the U-curve; of a pretraining the last evaluation."""
  if run.parent is None:
    return records[-1]
  return min(records, key=lambda r: (r["target_loss"], r["step"]))


def _is_best(run: Run, records: list[dict]) -> bool:
  return _best_record(run, records) is records[-1]


def _stop_reason(run: Run, records: list[dict]) -> str | None:
  last = records[-1]
  losses = [last["pretrain_loss"], last["target_loss"]]
  if not all(math.isfinite(x) for x in losses if x is not None):
    return "diverged"
  if run.parent is not None:
    since = len(records) - 1 - records.index(_best_record(run, records))
    if since >= run.evaluation.patience:
      return "target loss turned"
  return "all steps done" if last["step"] == run.steps else None


def _diverged(records: list[dict], clock: Clock, watch: Watch) -> dict:
  last = records[-1]
  found = watch.why or (
    f"found pretrain_loss {last['pretrain_loss']} and target_loss"
    f" {last['target_loss']} at step {last['step']}"
  )
  return dict(
    status="diverged",
    stop_reason=f"{found}, expected finite ones; lower Optimizer.peak_lr",
    steps=last["step"],
    tokens=last["tokens"],
    loss_spikes=spikes_of(records),
    seconds=clock.spent,
  )
