"""Our training step, and stock JAX's, as workers of `benchmarks/training.py`.

  python benchmarks/training_ours.py WHAT SHAPE

WHAT is `ours` (what a run does between two evaluations, in the process that a
study would give it) or `stock` (the same without what this project does for the
sake of CPUs). SHAPE is JSON.
"""

from collections.abc import Callable, Iterator
import dataclasses
import functools
import itertools
import json
import os
import sys
import time

import numpy as np
from training_windows import Windows

from forgetting.config import Model
from forgetting.cost.memory import peak_memory
from forgetting.study import workers


@dataclasses.dataclass(frozen=True)
class Shape:
  """Of a model and its batches."""

  layers: int
  width: int
  heads: int
  vocab_size: int
  context: int
  batch_size: int
  dtype: str = "float32"
  remat: str = "none"

  @property
  def model(self) -> Model:
    fields = dataclasses.asdict(self)
    del fields["batch_size"]
    return Model(**fields)

  @functools.cached_property
  def hyperparameters(self):
    from forgetting.training.optimizer import Hyperparameters

    values = [3e-4, 3e-5, 10, 1e9, 0.9, 0.95, 0.1, 1.0]
    return Hyperparameters(*np.float32(values))


@dataclasses.dataclass(frozen=True)
class Work:
  """What a worker does.

  Attributes:
    steps: does one a draw, and gives its tokens.
    finish: waits for the device.
    facts: to be told beside the rate.
  """

  steps: Iterator[int]
  finish: Callable[[], object]
  facts: dict


def batches(shape: Shape):
  """Of random text, drawn from two pools as a run draws its own."""
  from forgetting.data.mixture import Epochs, Mixture
  from forgetting.data.pool import Pool

  generator = np.random.default_rng(0)
  size = (100_000, shape.context + 1)
  text = generator.integers(0, shape.vocab_size, size, dtype=np.uint16)
  target = Pool((text[:1000],))
  mixture = Mixture(
    pretraining=Pool((text[1000:],)),
    target=Epochs(target, 800, 0),
    injection=0.05,
    batch_size=shape.batch_size,
    seed=0,
    parent_seed=0,
    parent_chunks=0,
  )
  steps = 1_900_000 // shape.batch_size
  for _ in itertools.count():
    yield from mixture.batches(0, steps)


def ours(shape: Shape) -> Work:
  """The inside of `training.loop.train`, but for evaluations and saves."""
  import jax

  from forgetting.training import models
  from forgetting.training.clock import Clock
  from forgetting.training.programs import compile_programs
  from forgetting.training.watch import Watch

  start = time.perf_counter()
  programs = compile_programs(shape.model, batch_size=shape.batch_size)
  compile_seconds = time.perf_counter() - start
  state = programs.init_state(models.init(shape.model, seed=0))
  evaluated = evaluation_rate(programs, state["params"], shape)
  hyperparameters = programs.spread(shape.hyperparameters)
  drawn, clock, watch = batches(shape), Clock(), Watch()

  def steps():
    nonlocal state
    for step in itertools.count():
      assert not watch.diverged(), watch.why
      batch = clock.queue("input", lambda b: programs.put(next(b)), drawn)
      state, metrics = clock.queue(
        "training", programs.train, state, {}, batch, hyperparameters
      )
      watch.add(step, metrics)
      yield shape.batch_size * shape.context

  facts = dict(
    compile_seconds=compile_seconds,
    evaluated_tokens_per_second=evaluated,
    device=programs.device,
    versions=f"jax {jax.__version__}",
  )
  return Work(steps(), lambda: jax.block_until_ready(state), facts)


def stock(shape: Shape) -> Work:
  """Layers scanned; products, attention and loss as JAX differentiates them."""
  import jax
  import jax.numpy as jnp

  from forgetting.training import losses
  from forgetting.training.models import attention, products, scanning

  def loss(x, head, targets, weights, model, parts):
    del parts
    return (losses._losses(x, head, targets, model) * weights).sum()

  scanning.unroll = lambda layers: 1
  products.dense = jnp.tensordot
  attention._plain = lambda q, k, v, scale, *_: jax.nn.dot_product_attention(
    q, k, v, scale=scale, is_causal=True
  )
  losses._sum = loss
  return ours(shape)


def evaluation_rate(programs, params, shape: Shape) -> float:
  """Tokens a second of the evaluation program, best of three."""
  from forgetting.training.evaluate import per_example

  generator = np.random.default_rng(1)
  size = (64, shape.context + 1)
  chunks = generator.integers(0, shape.vocab_size, size, dtype=np.int32)
  weights = np.ones((64, shape.context), np.float32)
  seconds = []
  for _ in range(4):
    start = time.perf_counter()
    per_example(programs.losses, params, {}, chunks, weights)
    seconds.append(time.perf_counter() - start)
  return weights.size / min(seconds)


def main(what: str, shape: str) -> None:
  if what != "stock" and os.environ.get("JAX_PLATFORMS") == "cpu":
    workers.load_jax(os.environ["BENCHMARK_CACHE"])
  make = dict(ours=ours, stock=stock)[what]
  serve(make(Shape(**json.loads(shape))))


def serve(work: Work) -> None:
  """Warms up, then works through windows."""
  for _ in range(3):
    next(work.steps)
  work.finish()
  windows = Windows(work.finish, peak_bytes=peak_bytes(), **work.facts)
  for done in work.steps:
    windows.done(done)


def peak_bytes() -> int:
  """Of the device where it says so, else of this process."""
  import jax

  stats = jax.local_devices()[0].memory_stats() or {}
  return stats.get("peak_bytes_in_use") or peak_memory()


if __name__ == "__main__":
  main(*sys.argv[1:])
