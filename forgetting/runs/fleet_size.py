"""How many runs of a shape a device does best together: measured, once."""

from collections.abc import Mapping, Sequence
import hashlib
import json
import pathlib
import sys
import time

import jax
import jaxlib
import numpy as np

from forgetting.config import canonical
from forgetting.config import Run
from forgetting.runs.fleets import is_out_of_memory
from forgetting.cost.footprint import Mesh, footprint
from forgetting.storage import places
from forgetting.training import model as model_lib
from forgetting.training.fleet import Fleet
from forgetting.training.loop import Step
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import batch_shapes
from forgetting.training.watch import BEHIND

# Twice as many runs at a time have to do so much more to be worth it: the last
# ones of a fleet leave its slots empty.
WORTH = 1.1
SECONDS = 1.0  # that each number of slots is measured


def fastest(runs: Sequence[Run], *, folder: pathlib.Path) -> int:
  """Slots for runs of one shape: 1 where they are done best one by one.

  Args:
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
    batch=[runs[0].batch_size, runs[0].micro_batches],
  )
  digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
  file, known = folder / f"{digest}.json", {}
  if file.exists():
    told = json.loads(file.read_text())["tokens_per_second"]
    known = {int(slots): rate for slots, rate in told.items()}
  rates = measured(runs[0], most=len(runs), known=known)
  if rates != known:
    folder.mkdir(parents=True, exist_ok=True)
    told = key | dict(tokens_per_second=known | rates)
    places.write(file, json.dumps(told, indent=1).encode())
  return chosen(rates)


def measured(
  run: Run, *, most: int, known: Mapping[int, float]
) -> dict[int, float]:
  """Slots -> tokens a second of all of them together; what is known stays."""
  rates, slots = {}, len(jax.local_devices())
  while slots <= most and _fits(run, slots):
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
  """Tokens a second of a full fleet, its compilation not counted."""
  fleet = Fleet(
    run.model,
    batch_size=run.batch_size,
    micro_batches=run.micro_batches,
    slots=slots,
  )
  batch = jax.tree.map(
    lambda s: np.ones(s.shape, s.dtype), batch_shapes(run.model, run.batch_size)
  )
  state = fleet.init_state(model_lib.init(run.model, seed=0))
  step = Step(fleet, state, batch, Hyperparameters.of(run))
  asked, steps = dict.fromkeys(range(slots), step), 0
  asked = _stepped(fleet, asked)  # the first puts the states there
  start = time.perf_counter()
  while time.perf_counter() < start + seconds:
    asked = _stepped(fleet, asked)
    steps += BEHIND
  took = time.perf_counter() - start
  return slots * steps * run.tokens_per_step / took


def _stepped(fleet: Fleet, asked: dict[int, Step]) -> dict[int, Step]:
  """After as many steps as a run's host is ahead of the devices."""
  for _ in range(BEHIND):
    given = fleet.step(asked)
    asked = {
      slot: asked[slot]._replace(state=stepped.state)
      for slot, stepped in given.items()
    }
  np.asarray(given[0].metrics[0])
  return asked


def _fits(run: Run, slots: int) -> bool:
  """Whether so many runs go into the devices' memory, by formula."""
  device = jax.local_devices()[0]
  limit = (device.memory_stats() or {}).get("bytes_limit")
  one = footprint(
    run, Mesh(1, 1), fused_attention=model_lib.has_fused_attention(run.model)
  ).total
  each = slots // len(jax.local_devices())
  return limit is None or each * one <= limit
