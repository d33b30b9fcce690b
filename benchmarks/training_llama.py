"""Our programs on a llama's shape, as a worker of `gpu.py`, `checkpoints.py`.

  python benchmarks/training_llama.py WHAT SHAPE

WHAT is `full` or `LoRA`, a step of these methods, or `loss`, measured alone.
SHAPE is JSON: sizes (as in memory.py), context, batch_size, and where they are
not bfloat16 and `none`, dtype and remat. Weights and tokens are random: nothing
is fetched.
"""

import dataclasses
import itertools
import json
import os
import sys
import time

from memory import METHODS, run_of
from training_ours import peak_bytes
from training_windows import Windows

from forgetting.config import LoRA, Run
from forgetting.cost.footprint import footprint_here
from forgetting.study import workers

WARM_UP = 2  # steps


def main(what: str, shape: str) -> None:
  """Works as long as it is asked to."""
  if cache := os.environ.get("BENCHMARK_CACHE"):
    workers.load_jax(cache)
  run = asked_run(what, json.loads(shape))
  start = time.perf_counter()
  steps, finish = (measures_of if what == "loss" else steps_of)(run)
  for _ in range(WARM_UP):
    next(steps)
  finish()
  windows = Windows(
    finish,
    compile_seconds=time.perf_counter() - start,
    peak_bytes=peak_bytes(),
    formula_bytes=footprint_here(run).total,
  )
  for done in steps:
    windows.done(done)


def asked_run(what: str, asked: dict) -> Run:
  """A fine-tuning that has the programs."""
  dtype = asked.get("dtype", "bfloat16")
  method = METHODS["LoRA" if what == "LoRA" else "full"]
  if isinstance(method, LoRA):
    method = dataclasses.replace(method, base=dtype)
  return run_of(
    tuple(asked["sizes"]),
    method,
    context=asked["context"],
    batch_size=asked["batch_size"],
    dtype=dtype,
    remat=asked.get("remat", "none"),
  )


def steps_of(run: Run):
  """Steps of its method, each giving its tokens, and what waits for them."""
  import jax
  import numpy as np

  from forgetting.training import models, shapes
  from forgetting.training.optimizer import Hyperparameters
  from forgetting.training.programs import compile_programs

  programs = compile_programs(
    run.model, batch_size=run.batch_size, method=run.method.program
  )
  method, params = programs.method, models.init(run.model, seed=0)
  state = programs.init_state(method.trained(params))
  frozen = programs.place(method.frozen(params))
  del params
  generator = np.random.default_rng(0)
  batch = {
    name: generator.integers(0, 2, s.shape).astype(s.dtype)
    if s.dtype == np.int32
    else np.ones(s.shape, s.dtype)
    for name, s in shapes.batch(run.model, run.batch_size).items()
  }
  hyperparameters = Hyperparameters.of(run)

  def steps():
    nonlocal state
    while True:
      state, _ = programs.train(
        state, frozen, programs.put(batch), hyperparameters
      )
      # as a run does, not further ahead of the device than a step
      jax.block_until_ready(state["step"])
      yield run.tokens_per_step

  return steps(), lambda: jax.block_until_ready(state)


def measures_of(run: Run):
  """Losses of sequences, by the program of an evaluation."""
  import jax
  import numpy as np

  from forgetting.training import evaluate, methods, models, programs, sharding

  method = methods.of(run.method.program, run.model)
  mesh = sharding.make_mesh(1)
  lies = tuple(
    sharding.shardings(tree, mesh, method.rules) for tree in method.shapes()
  )
  losses = programs.compile_losses(method, mesh, lies)
  params = sharding.to_devices(models.init(run.model, seed=0), lies[0])
  rows = evaluate.BLOCK * mesh.shape["data"]
  chunks = np.zeros((rows, run.model.context + 1), np.int32)
  weights = np.ones((rows, run.model.context), np.float32)

  def measures():
    for _ in itertools.count():
      jax.block_until_ready(losses(params, {}, chunks, weights))
      yield weights.size

  return measures(), lambda: None


if __name__ == "__main__":
  main(*sys.argv[1:])
