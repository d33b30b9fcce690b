"""How many runs of a shape a device does best together: measured, once."""

from collections.abc import Mapping, Sequence
import hashlib
import json
import math
import pathlib
import sys
import time

import jax
import jaxlib
import numpy as np

from forgetting.config import Run, canonical
from forgetting.config.method import FULL
from forgetting.storage import places
from forgetting.training import models, processes, shapes
from forgetting.training.device_memory import is_out_of_memory
from forgetting.training.fleet import Fleet
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.stepping import StepAsked
from forgetting.training.watch import BEHIND

# Twice as many runs at a time have to do so much more to be worth it: the last
# ones of a fleet leave its slots empty.
WORTH = 1.1
SECONDS = 1.0  # that each number of slots is measured


def fastest(
  runs: Sequence[Run], *, folder: pathlib.Path, bytes_of_one: float
) -> int:
  """Slots for runs of one shape: 1 where they are done best one by one.

  Args:
    runs: that wait for them.
    bytes_of_one: of a device's memory that one run takes, by formula.
    folder: where what was measured is kept, for the same devices and shape.
  """
  devices = jax.local_devices()
  if len(runs) < max(2, len(devices)):
    return 1
  key = dict(
    device=devices[0].device_kind,
    devices=len(devices),
    jaxlib=jaxlib.__version__,
    model=canonical.to_json(runs[0].model),
    **_other_method(runs[0]),
    batch=[runs[0].batch_size, runs[0].micro_batches],
  )
  digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
  file, known = folder / f"{digest}.json", {}
  if file.exists():
    told = json.loads(file.read_text())["tokens_per_second"]
    known = {int(slots): rate for slots, rate in told.items()}
  most = min(len(runs), _that_fit(bytes_of_one))
  rates = measured(runs[0], most=most, known=known)
  if rates != known:
    folder.mkdir(parents=True, exist_ok=True)
    told = key | dict(tokens_per_second=known | rates)
    places.write(file, json.dumps(told, indent=1).encode())
  return chosen(rates)


def _other_method(run: Run) -> dict:
  """What was measured before there were others stays known."""
  kind = run.optimizer.kind
  other = {} if kind == "adamw" else dict(optimizer=kind)
  if run.method == FULL:
    return other
  return other | dict(method=canonical.to_json(run.method.program))


def measured(
  run: Run, *, most: float, known: Mapping[int, float]
) -> dict[int, float]:
  """Tokens a second of fleets of ever more slots, as far as more pay.

  Args:
    run: one of those that are to be trained.
    most: slots at most.
    known: slots -> rate, measured before.

  Returns:
    slots -> tokens a second of all of them together; what is known stays.
  """
  rates, slots = {}, len(jax.local_devices())
  while slots <= most:
    try:
      rates[slots] = known[slots] if slots in known else rate(run, slots)
    except jax.errors.JaxRuntimeError as error:
      # more memory than the formula says is no news; anything else is
      if not is_out_of_memory(error):
        reason = str(error).partition("\n")[0]
        print(f"forgetting: {slots} runs together: {reason}", file=sys.stderr)
      break
    if slots // 2 in rates and rates[slots] < WORTH * rates[slots // 2]:
      break
    slots *= 2
  return rates


def chosen(rates: dict[int, float]) -> int:
  """The fewest slots than which twice as many are not worth it."""
  best = min(rates, default=1)
  while 2 * best in rates and rates[2 * best] >= WORTH * rates[best]:
    best *= 2
  return best


def rate(run: Run, slots: int, *, seconds: float = SECONDS) -> float:
  """Tokens a second of a full fleet, its compilation not counted.

  Args:
    run: that every slot trains, on the same batch.
    slots: of the fleet.
    seconds: that it is measured at least.
  """
  fleet = Fleet(
    run.model,
    batch_size=run.batch_size,
    micro_batches=run.micro_batches,
    slots=slots,
    method=run.method.program,
    optimizer=run.optimizer.kind,
  )
  method = fleet.method
  batch, frozen = jax.tree.map(
    lambda s: np.ones(s.shape, s.dtype),
    (
      shapes.batch(
        run.model, run.batch_size, injected=method.config.reads_injected
      ),
      method.shapes()[1],
    ),
  )
  state = fleet.init_state(method.trained(models.init(run.model, seed=0)))
  frozen = fleet.place(frozen)
  step = StepAsked(fleet, state, frozen, batch, Hyperparameters.of(run))
  asked, steps = dict.fromkeys(range(slots), step), 0
  asked = _stepped(fleet, asked)  # the first puts the states there
  start = time.perf_counter()
  while time.perf_counter() < start + seconds:
    asked = _stepped(fleet, asked)
    steps += BEHIND
  took = time.perf_counter() - start
  return slots * steps * run.tokens_per_step / took


def _stepped(fleet: Fleet, asked: dict[int, StepAsked]) -> dict[int, StepAsked]:
  """After as many steps as a run's host is ahead of the devices."""
  for _ in range(BEHIND):
    given = fleet.step(asked)
    asked = {
      slot: asked[slot]._replace(state=stepped.state)
      for slot, stepped in given.items()
    }
  np.asarray(given[0].metrics[0])
  return asked


def _that_fit(bytes_of_one: float) -> float:
  """Runs that go into the memory of all devices of this process."""
  limit = processes.device_memory() or math.inf
  return limit // bytes_of_one * processes.local_devices()
