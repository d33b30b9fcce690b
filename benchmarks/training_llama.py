"""Our step on a llama's shape, as a worker of `benchmarks/gpu.py`.

  python benchmarks/training_llama.py WHAT SHAPE

WHAT is `full` or `LoRA`; SHAPE is JSON: sizes (as in memory.py), context and
batch_size. Weights and tokens are random: nothing is fetched.
"""

import json
import sys
import time

from memory import METHODS, run_of
from training_ours import peak_bytes
from training_windows import Windows

from forgetting.config import Run
from forgetting.cost.footprint import footprint_here

WARM_UP = 3  # steps


def main(what: str, shape: str) -> None:
  """Trains as long as it is asked to."""
  asked = json.loads(shape)
  run = run_of(
    tuple(asked["sizes"]),
    METHODS[what],
    context=asked["context"],
    batch_size=asked["batch_size"],
  )
  start = time.perf_counter()
  steps, finish = steps_of(run)
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


if __name__ == "__main__":
  main(*sys.argv[1:])
