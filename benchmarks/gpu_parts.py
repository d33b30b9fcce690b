"""The parts of `benchmarks/gpu.py`: each prints a line of JSON a row.

python benchmarks/gpu_parts.py PART [--small] [--torch PYTHON] [--chip h200]
"""

import argparse
from collections.abc import Callable, Iterator
import dataclasses
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
ROUNDS, SECONDS = 3, 1.5  # windows of a rate
SMALL_ROUNDS, SMALL_SECONDS = 1, 0.2
TESTS = (
  *("step", "losses", "optimizer", "decoder", "transformer", "attention"),
  *("evaluate", "programs", "lora", "loop", "checkpoint"),
)
SMALL_TESTS = ("clock",)
# a llama of 1.2B parameters, of memory.py; the miniature in the same order
LLAMA = dict(sizes="Llama 3.2 1B", context=1024, batch_size=8)
SMALL_LLAMA = dict(sizes=(2, 32, 4, 2, 64, 256, True), context=32, batch_size=2)
LEAST_BYTES = 1e9  # of a formula that a peak is compared with
FLEETS, SMALL_FLEETS = (16, 32, 64), (2, 4)


def row(
  what: str,
  ours: str,
  beside: str = "",
  ratio: float | None = None,
  failure: str = "",
) -> dict:
  """A row of the table.

  Args:
    what: is measured.
    ours, beside: in words; beside it a peer, a formula or one at a time.
    ratio: of ours to that.
    failure: why there is no number.
  """
  return dict(what=what, ours=ours, beside=beside, ratio=ratio, failure=failure)


def tests(asked) -> Iterator[dict]:
  """Tests of training, on the device that JAX finds."""
  names = SMALL_TESTS if asked.small else TESTS
  files = [str(ROOT / f"tests/training/test_{name}.py") for name in names]
  done = subprocess.run(
    [sys.executable, "-m", "pytest", "-q", *files],
    cwd=ROOT,
    capture_output=True,
    text=True,
  )
  lines = (done.stdout + done.stderr).strip().splitlines()
  summary = lines[-1].strip("= ") if lines else "nothing"
  what = f"{len(files)} test files of training on the device"
  yield row(what, summary, failure=summary if done.returncode else "")
  for line in lines:
    if match := re.match(r"(?:FAILED|ERROR) (\S+)", line):
      yield row(match[1].rpartition("/")[2], "failed", failure=line)


def mfu(asked) -> Iterator[dict]:
  """Model FLOP utilisation beside PyTorch, and memory beside the formula."""
  from training import GPU
  from training_ours import Shape
  from training_places import Place, Row
  from training_windows import alternate

  from forgetting.cost import chips

  shapes = GPU
  if asked.small:
    shapes = {"toy": Shape(2, 32, 2, 256, context=32, batch_size=2)}
  peer = missing(asked.torch, "torch")
  peak = chips.find(asked.chip)
  with tempfile.TemporaryDirectory() as cache:
    place = Place(asked.torch, cache, platform="")
    for name, shape in shapes.items():
      rates, facts = {}, {}
      for what in ("ours", *(() if peer else ("compiled",))):
        try:
          cell = place.cell(Row(what, False, shape.dtype), shape)
          alternate([cell], **windows(asked))
          rates[what], facts[what] = cell.median, cell.facts
          cell.close()
        except EOFError as error:
          yield row(f"{name}: {what}", "failed", failure=str(error))
      flops = shape.model.flops_per_token / peak.peak(shape.dtype)
      yield from compared(
        f"MFU at {name}, batch {shape.batch_size}",
        rates.get("ours"),
        rates.get("compiled"),
        lambda rate, flops=flops: f"{rate * flops:.3f}",
        peer or "torch.compile",
      )
      if "ours" in facts:
        yield memory_row(name, facts["ours"], formula(shape))


def formula(shape) -> float:
  """Bytes of a step on one device, as the dry run reckons them."""
  from fleets import run_of

  from forgetting.cost.footprint import footprint_here

  run = dataclasses.replace(run_of(shape.model), batch_size=shape.batch_size)
  return footprint_here(run).total


def memory_row(name: str, facts: dict, expected: float) -> dict:
  """Peak memory of a worker beside the formula."""
  peak = facts["peak_bytes"]
  return row(
    f"peak memory at {name}, GB",
    f"{peak / 1e9:.2f}",
    f"formula {expected / 1e9:.2f}",
    # of a toy the runtime's own memory is nearly all
    peak / expected if expected > LEAST_BYTES else None,
  )


def fleets(asked) -> Iterator[dict]:
  """Small models trained together against one at a time."""
  import fleets as alone_and_together

  from forgetting.config import Model
  from forgetting.training import fleet_size

  fields = dict(layers=4, width=128, heads=4, vocab_size=8192, dtype="bfloat16")
  if asked.small:
    fields = dict(layers=1, width=16, heads=2, context=16)
  run = alone_and_together.run_of(Model(**fields))
  seconds = windows(asked)["seconds"]
  one = statistics.median(
    alone_and_together.alone(run, seconds)
    for _ in range(windows(asked)["rounds"])
  )
  for slots in SMALL_FLEETS if asked.small else FLEETS:
    try:
      rate = fleet_size.rate(run, slots, seconds=seconds)
    except Exception as error:  # out of memory, say: the others are measured
      why = str(error).partition("\n")[0]
      yield row(f"fleet of {slots}", "failed", failure=why)
      continue
    yield row(
      f"fleet of {slots} x {run.model.model_params:,} params, tokens/s",
      f"{rate:,.0f}",
      f"one at a time {one:,.0f}",
      rate / one,
    )


def llama(asked) -> Iterator[dict]:
  """Full fine-tuning and LoRA of a llama's shape, beside transformers."""
  from memory import SIZES
  from training_windows import Cell, Worker, alternate

  shape = SMALL_LLAMA if asked.small else LLAMA
  shape = shape | dict(sizes=SIZES.get(shape["sizes"], shape["sizes"]))
  for method in ("full", "LoRA"):
    packages = ("torch", "transformers", *(("peft",) * (method == "LoRA")))
    peer = missing(asked.torch, *packages)
    rates: dict[str, float] = {}
    for who in ("ours", *(() if peer else ("torch",))):
      file = "training_llama.py" if who == "ours" else "training_llama_torch.py"
      python = sys.executable if who == "ours" else asked.torch
      command = [python, str(HERE / file), method, json.dumps(shape)]
      try:
        worker = Worker(command, core=None, env={})
        cell = Cell(who, [worker], worker.answer())
        alternate([cell], **windows(asked))
      except EOFError as error:
        yield row(f"llama, {method}: {who}", "failed", failure=str(error))
        continue
      rates[who] = cell.median
      if who == "ours":
        facts = cell.facts
        yield memory_row(f"llama, {method}", facts, facts["formula_bytes"])
      cell.close()
    yield from compared(
      f"llama, {method}, tokens/s",
      rates.get("ours"),
      rates.get("torch"),
      "{:,.0f}".format,
      peer or "transformers",
    )


def resume(asked) -> Iterator[dict]:
  """Four steps, a save, four more; and the last four again from the save."""
  from fleets import run_of
  import jax
  import numpy as np

  from forgetting.config import Model
  from forgetting.training import models, shapes
  from forgetting.training.checkpoint import Checkpoints
  from forgetting.training.optimizer import Hyperparameters
  from forgetting.training.programs import compile_programs

  fields = dict(layers=12, width=768, heads=12, vocab_size=50304, context=1024)
  if asked.small:
    fields = dict(layers=2, width=16, heads=2, context=16)
  run = dataclasses.replace(
    run_of(Model(dtype="bfloat16", **fields)), batch_size=4
  )
  programs = compile_programs(run.model, batch_size=run.batch_size)
  hyperparameters = Hyperparameters.of(run)
  draw = np.random.default_rng(0).integers
  batches = [
    {
      name: draw(0, 2, s.shape).astype(s.dtype)
      for name, s in shapes.batch(run.model, run.batch_size).items()
    }
    for _ in range(8)
  ]

  def steps(state, some):
    for batch in some:
      state, _ = programs.train(state, {}, programs.put(batch), hyperparameters)
    return state

  with tempfile.TemporaryDirectory() as folder:
    state = programs.init_state(models.init(run.model, seed=0))
    with Checkpoints(pathlib.Path(folder)) as checkpoints:
      state = steps(state, batches[:4])
      best = programs.keep(state["params"])
      checkpoints.save(state, best_params=best, batches=iter(batches[4:]))
      whole = jax.device_get(steps(state, batches[4:]))
    with Checkpoints(pathlib.Path(folder)) as checkpoints:
      resumed = checkpoints.resume(
        shapes=programs.shapes,
        shardings=programs.shardings,
        batches=lambda step: iter(batches[step:]),
      )
      again = jax.device_get(steps(resumed.state, resumed.batches))
  apart = jax.tree.map(
    lambda a, b: int(np.sum(a.tobytes() != b.tobytes())), whole, again
  )
  unlike = sum(jax.tree.leaves(apart))
  number = len(jax.tree.leaves(apart))
  what = f"resume of {run.model.model_params:,} params after 4 of 8 steps"
  said = "bit for bit" if not unlike else f"{unlike} of {number} arrays differ"
  device = jax.local_devices()[0].device_kind
  yield row(what, said, device, failure=said if unlike else "")


def compared(
  what: str,
  ours: float | None,
  theirs: float | None,
  say: Callable[[float], str],
  name: str,
) -> Iterator[dict]:
  """A rate beside a peer's, of which either may be missing."""
  if ours is None and theirs is None:
    return
  beside = name if theirs is None else f"{name} {say(theirs)}"
  ratio = ours / theirs if ours and theirs else None
  yield row(what, "failed" if ours is None else say(ours), beside, ratio)


def missing(python: str, *packages: str) -> str:
  """Says which of the packages an interpreter lacks; empty: none."""
  for package in packages:
    tried = subprocess.run(
      [python, "-c", f"import {package}"], capture_output=True
    )
    if tried.returncode:
      return f"{package} is not installed"
  return ""


def windows(asked) -> dict:
  """Of a rate: how many, and how long."""
  if asked.small:
    return dict(rounds=SMALL_ROUNDS, seconds=SMALL_SECONDS)
  return dict(rounds=ROUNDS, seconds=SECONDS)


PARTS = dict(resume=resume, mfu=mfu, fleets=fleets, llama=llama, tests=tests)


def main() -> None:
  """Does one part."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("part", choices=PARTS)
  parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
  parser.add_argument("--chip", default="h200")
  parser.add_argument("--small", action="store_true")
  asked = parser.parse_args()
  for found in PARTS[asked.part](asked):
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
  main()
