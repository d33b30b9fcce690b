"""Runs trained together against the same runs one after another.

  python benchmarks/fleets.py            # 0.03M to 0.4M; on a GPU 1M to 5M
  python benchmarks/fleets.py --most 32

Tokens a second of all runs of a shape together: alone, and in fleets of 2, 4,
... slots, each measured in turn for some rounds; the median counts. On CPU
beside it as many single-threaded processes as there are cores, as a study has
them. Prints rows for RESULTS.md. Needs no TensorFlow.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import pathlib
import statistics
import tempfile
import time

from forgetting.config import Model, Optimizer, Run
from forgetting.study import seats

SECONDS, ROUNDS = 2.0, 3
SHAPES = {
  "cpu": [
    Model(layers=2, width=32, heads=2),
    Model(layers=2, width=64, heads=2),
    Model(layers=2, width=128, heads=4),
  ],
  "gpu": [
    Model(layers=4, width=width, heads=4, vocab_size=8192, dtype="bfloat16")
    for width in (128, 256, 320)
  ],
}


def run_of(model: Model) -> Run:
  return Run(
    model=model,
    optimizer=Optimizer(peak_lr=1e-3),
    steps=1000,
    batch_size=16,
    injection=1,
  )


def alone(run: Run, seconds: float) -> float:
  """Tokens a second of one run by its own programs."""
  import jax
  import numpy as np

  from forgetting.training import models, shapes
  from forgetting.training.optimizer import Hyperparameters
  from forgetting.training.programs import compile_programs

  programs = compile_programs(run.model, batch_size=run.batch_size)
  state = programs.init_state(models.init(run.model, seed=0))
  batch = {
    name: np.ones(shape.shape, shape.dtype)
    for name, shape in shapes.batch(run.model, run.batch_size).items()
  }
  hyperparameters, steps = Hyperparameters.of(run), 0
  for _ in range(8):
    state, metrics = programs.train(
      state, {}, programs.put(batch), hyperparameters
    )
  jax.block_until_ready(state)
  start = time.perf_counter()
  while time.perf_counter() < start + seconds:
    for _ in range(8):
      state, metrics = programs.train(
        state, {}, programs.put(batch), hyperparameters
      )
    float(metrics.loss)
    steps += 8
  return steps * run.tokens_per_step / (time.perf_counter() - start)


def _in_seat(seat: seats.Seat, run: Run, seconds: float) -> float:
  from forgetting.cost.memory import keep_freed_memory

  os.sched_setaffinity(0, {seat.core})
  keep_freed_memory()
  return alone(run, seconds)


def processes(run: Run, seconds: float) -> float:
  """Tokens a second of a single-threaded process a core together."""
  taken = seats.seats()
  os.environ.update(taken[0].environment)
  spawn = multiprocessing.get_context("spawn")
  with concurrent.futures.ProcessPoolExecutor(len(taken), spawn) as pool:
    # longer than the start of the last: they are measured side by side
    rates = pool.map(
      _in_seat, taken, [run] * len(taken), [4 * seconds] * len(taken)
    )
    return sum(rates)


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--most", type=int, default=16)
  most = parser.parse_args().most
  import jax

  from forgetting.cost.memory import keep_freed_memory
  from forgetting.training import compilation, fleet_size

  keep_freed_memory()
  # a fleet is made anew in every round, and compiled in the first
  compilation.use_cache(pathlib.Path(tempfile.mkdtemp()))
  kind = "cpu" if jax.default_backend() == "cpu" else "gpu"
  print(f"jax {jax.__version__}, {jax.local_devices()[0].device_kind}")
  print("| model params | runs together | tokens/s | of alone |")
  print("| --- | --- | --- | --- |")
  for model in SHAPES[kind]:
    run, slots = run_of(model), [2**i for i in range(1, most.bit_length())]
    rates = {"alone": [], **{str(s): [] for s in slots}}
    if kind == "cpu":
      rates["a process a core"] = []
    for _ in range(ROUNDS):
      rates["alone"].append(alone(run, SECONDS))
      for count in slots:
        rate = fleet_size.rate(run, count, seconds=SECONDS)
        rates[str(count)].append(rate)
      if kind == "cpu":
        rates["a process a core"].append(processes(run, SECONDS))
    base = statistics.median(rates["alone"])
    for name, measured in rates.items():
      rate = statistics.median(measured)
      row = f"{model.model_params:,} | {name} | {rate:,.0f}"
      print(f"| {row} | {rate / base:.2f} |", flush=True)


if __name__ == "__main__":
  main()
