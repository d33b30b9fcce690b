"""One run: evaluate -> save -> draw -> step. The order is the contract."""

from collections.abc import Callable, Iterator, Mapping
import math

import numpy as np

from forgetting.config import Pretrained, Run
from forgetting.config.saves import Saves
from forgetting.records import RunDirectory
from forgetting.records.bottom import VERSION, bottom
from forgetting.training.checkpoint import Checkpoints, save_params
from forgetting.training.clock import Clock
from forgetting.training.evaluator import Evaluator, Losses
from forgetting.training.models.family import Params
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.saving import Ask, asking
from forgetting.training.stepping import StepAsked, Training
from forgetting.training.watch import Watch, spikes_of


class Interrupted(Exception):
  """Stopped from outside, after saving: the same call goes on from there."""


# from a step on
Batches = Callable[[int], Iterator[dict[str, np.ndarray]]]


def train(
  run: Run,
  *,
  directory: RunDirectory,
  evaluator: Evaluator,
  params: Params,
  base: Losses,
  batches: Batches,
  epoch_chunks: int | None,
  renew: Callable[[int, Mapping], Iterator | None] = lambda step, state: None,
  clock: Clock,
  saves: Saves = Saves(),
  stop: Callable[[], bool] = lambda: False,
) -> Training:
  """Does a run, or what is left of it, and gives its measurements.

  A generator that asks for its training steps: see `stepping`.

  Args:
    run: whose config it follows.
    directory: where its records, checkpoints and examples go.
    evaluator: measures it.
    params: that it trains, as its method starts them from the parent's, or
      fresh ones.
    base: `evaluator.full` of them.
    epoch_chunks: target chunks in an epoch; None in a pretraining.
    renew: asked before every draw, with the step and the state: other
      batches from this step on, or None.
    clock: goes on counting; its seconds become part of the result.
    saves: what of it is kept.
    stop: asked before every step; when true the state is saved.

  Returns:
    losses at base and at the bottom, best_step, stop_reason, status and
    timings; the run's `examples.npz` is written.

  Raises:
    Interrupted: `stop` was true.
  """
  executor = evaluator.executor
  hyperparameters = Hyperparameters.of(run)
  spread = executor.spread(hyperparameters)
  due = run.evaluation.steps(run.steps)
  with Checkpoints(directory.checkpoints) as checkpoints:
    resumed = checkpoints.resume(
      shapes=executor.shapes, shardings=executor.shardings, batches=batches
    )
    if resumed is None:
      first, drawn = 0, batches(0)
      state, best_params = executor.init_state(params), params
    else:
      first, state, best_params, drawn = resumed
    best_params = executor.keep(best_params)
    records, watch = directory.keep_records_before(first), Watch()
    ask = asking(stop, saves)

    for step in range(first, run.steps + 1):
      diverged = clock.queue("training", watch.diverged)
      if step in due or diverged:
        diverged = clock.time("training", watch.catch_up)
        losses = clock.time("evaluation", evaluator.curve, state["params"])
        lr = hyperparameters.learning_rate(step)
        means = evaluator.means(losses) | evaluator.errors(losses, base)
        epoch = _epoch(run, step, epoch_chunks)
        records.append(_record(run, step, means, clock, lr=lr, epoch=epoch))
        records[-1] |= watch.take_spikes()
        directory.append(records[-1])
        stop_reason = "diverged" if diverged else _stop_reason(run, records)
        if stop_reason != "diverged" and _is_best(run, records):
          best_params = executor.keep(state["params"])
        if stop_reason:
          break
      if asked := ask(step):
        checkpoints.save(state, best_params=best_params, batches=drawn)
        if asked is Ask.STOP:
          raise Interrupted(f"stopped at step {step}")
      drawn = renew(step, state) or drawn
      batch = clock.queue("input", lambda b: executor.put(next(b)), drawn)
      state, metrics, seconds = yield StepAsked(
        executor, state, evaluator.frozen, batch, spread
      )
      clock.add("training", seconds)
      watch.add(step, metrics)
    if run.parent is None and stop_reason != "diverged":
      checkpoints.save(state, best_params=state["params"], batches=drawn)

  if stop_reason == "diverged":
    return _diverged(run, records, clock, watch)
  best_on_device = executor.to_devices(best_params)
  best = clock.time("evaluation", evaluator.full, best_on_device)
  drift = {}
  if run.domain is not None:
    start = executor.to_devices(params)
    drift = clock.time("evaluation", evaluator.drift, best_on_device, start)
  if saves.keeps_best(run.name) and run.parent is not None:
    save_params(directory.best, best_on_device)
  best_step = _best_record(run, records)["step"]
  directory.write_examples(
    base=base.pretrain,
    best=best.pretrain,
    id=evaluator.pretrain.id,
    source=evaluator.pretrain.source,
    **_more_columns(evaluator, base, best),
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
    **drift,
    forgetting_standard_error=evaluator.pretrain.standard_error(
      best.pretrain - base.pretrain
    ),
  ) | _at_bottom(run, records, evaluator.means(best))


def _at_bottom(run: Run, records: list[dict], best: dict) -> dict:
  """Both losses at the bottom of the U-curve, between its evaluations.

  The full sets are measured at the best evaluation. From there to the bottom
  they are moved by as much as the curve says, which also takes out the luck of
  that evaluation: it is the same on both sets.
  """
  if run.domain is None:  # neither a pretraining nor a control has a U
    return {}
  columns = ("step", "target_loss", "pretrain_loss")
  found = bottom(*([r[c] for r in records] for c in columns))
  lowest, early = records[found.at], records[found.one_error]
  moved: dict[str, float | None] = {}
  for kind in ("target", "pretrain"):
    change = getattr(found, f"{kind}_loss") - lowest[f"{kind}_loss"]
    bits = best[f"{kind}_bits_per_byte"] / best[f"{kind}_loss"]
    moved |= {
      f"{kind}_loss": best[f"{kind}_loss"] + change,
      f"{kind}_bits_per_byte": (best[f"{kind}_loss"] + change) * bits,
      f"{kind}_loss_at_best": best[f"{kind}_loss"],
      f"{kind}_loss_bottom_error": getattr(found, f"{kind}_standard_error"),
      f"one_error_{kind}_loss": (
        best[f"{kind}_loss"] + early[f"{kind}_loss"] - lowest[f"{kind}_loss"]
      ),
    }
  return moved | dict(
    version=VERSION, bottom_step=found.step, one_error_step=early["step"]
  )


def _more_columns(evaluator: Evaluator, base: Losses, best: Losses) -> dict:
  """Of the pool that is replayed from, and of text that is measured beside."""
  out: dict = {}
  if (pool := evaluator.pool) is not None:
    out |= dict(pool_base=base.pool, pool_best=best.pool, pool_id=pool.id)
  if (beside := evaluator.beside) is not None:
    out |= dict(
      beside_base=base.beside,
      beside_best=best.beside,
      beside_id=beside.id,
      beside_source=beside.source,
    )
  return out


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
  """The bottom of the U-curve; without a domain the last evaluation."""
  if run.domain is None:
    return records[-1]
  return min(records, key=lambda r: (r["target_loss"], r["step"]))


def _is_best(run: Run, records: list[dict]) -> bool:
  return _best_record(run, records) is records[-1]


def _stop_reason(run: Run, records: list[dict]) -> str | None:
  last = records[-1]
  losses = [last["pretrain_loss"], last["target_loss"]]
  if not all(math.isfinite(x) for x in losses if x is not None):
    return "diverged"
  if run.domain is not None:
    since = len(records) - 1 - records.index(_best_record(run, records))
    if since >= run.evaluation.patience:
      return "target loss turned"
  return "all steps done" if last["step"] == run.steps else None


def _broken_start(run: Run) -> str:
  """What losses say that are not finite before anything was trained."""
  parent = run.parent
  of = f" of {parent.name}" if isinstance(parent, Run) else ""
  if isinstance(parent, Pretrained):
    of = f" of {parent.path}"
  return (
    f"nothing was trained yet: the weights{of} that it starts from are not"
    f" finite, or too large for {run.model.dtype}"
  )


def _diverged(
  run: Run, records: list[dict], clock: Clock, watch: Watch
) -> dict:
  last = records[-1]
  losses = [
    f"{name} {last[name]}"
    for name in ("pretrain_loss", "target_loss")
    if last[name] is not None
  ]
  found = watch.why or f"found {' and '.join(losses)} at step {last['step']}"
  todo = "lower Optimizer.peak_lr" if last["step"] else _broken_start(run)
  return dict(
    status="diverged",
    stop_reason=f"{found}, expected finite ones; {todo}",
    steps=last["step"],
    tokens=last["tokens"],
    loss_spikes=spikes_of(records),
    seconds=clock.spent,
  )
