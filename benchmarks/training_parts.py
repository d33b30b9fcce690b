"""Parts of our training step by themselves, for `benchmarks/training.py`.

  python benchmarks/training_parts.py WHAT SHAPE

WHAT is `products` (matrix products of the layers and the head, forward and
backward, every operand lying as its product likes it best), `attention` (all of
it between the products, with its own), `elementwise` (norms, rotations,
nonlinearities and the loss behind the logits) or `optimizer` (clipping and
AdamW). SHAPE is JSON. Each counts the tokens of a step once it has done what a
step of them asks. What a step takes beyond their sum is copies, dispatch and
what does not stay in the cache.
"""

import functools
import json
import os
import sys

import numpy as np
from training_ours import Shape, Work, serve

from forgetting.study import workers


def products(shape: Shape) -> Work:
  """Of matrices, forward and backward."""
  import jax

  d, rows = shape.width, shape.batch_size * shape.context
  layer = ((d, 3 * d), (d, d), (d, 4 * d), (4 * d, d))

  def operands(matrices):
    for inputs, outputs in matrices:
      for m, k, n in (
        (rows, inputs, outputs),
        (rows, outputs, inputs),
        (inputs, rows, outputs),
      ):
        yield normal(m, k), normal(k, n)

  multiply = jax.jit(lambda pairs: [x @ y for x, y in pairs])
  in_layer = list(operands(layer))
  in_head = list(operands([(d, shape.vocab_size)]))
  flops = 6 * (12 * shape.layers * d**2 + shape.vocab_size * d)

  def step():
    for _ in range(shape.layers):
      jax.block_until_ready(multiply(in_layer))
    return multiply(in_head)

  return repeated(step, shape, flops_per_token=flops)


def attention(shape: Shape) -> Work:
  """From rotated queries to what the output matrix reads, and back."""
  import jax

  from forgetting.training.models.attention import attend

  size = shape.width // shape.heads
  lies = (shape.batch_size, shape.context, shape.heads, size)
  q, k, v, slope = (normal(*lies) for _ in range(4))

  @jax.jit
  def both_ways(q, k, v):
    out, back = jax.vjp(functools.partial(attend, scale=size**-0.5), q, k, v)
    return out, back(slope)

  return repeated(lambda: each_layer(shape, both_ways, q, k, v), shape)


def elementwise(shape: Shape) -> Work:
  """Everything but products, attention and the optimizer."""
  from flax import linen as nn
  import jax
  import optax

  from forgetting.training.models.decoder import _rotary

  rows, d = (shape.batch_size, shape.context), shape.width
  x, wide = normal(*rows, d), normal(*rows, 4 * d)
  heads = normal(*rows, shape.heads, d // shape.heads)
  logits = normal(*rows, shape.vocab_size)
  labels = np.zeros(rows, np.int32)
  norm = nn.RMSNorm()
  scale = norm.init(jax.random.key(0), x)

  def both_ways(function, slope, *inputs):
    out, back = jax.vjp(function, *inputs)
    return out, back(slope)

  @jax.jit
  def layer(x, heads, wide):
    normed = [both_ways(norm.apply, x + i, scale, x) for i in range(2)]
    turned = [both_ways(_rotary, heads, heads + i) for i in range(2)]
    added = [x + 1, x + 2]
    return normed, turned, added, both_ways(nn.gelu, wide, wide)

  @jax.jit
  def loss(logits):
    each = optax.softmax_cross_entropy_with_integer_labels
    return jax.value_and_grad(lambda x: each(x, labels).mean())(logits)

  def step():
    each_layer(shape, layer, x, heads, wide)
    return loss(logits)

  return repeated(step, shape)


def optimizer(shape: Shape) -> Work:
  """Of all parameters."""
  import jax
  import optax

  from forgetting.config.method import FULL
  from forgetting.training import methods, models
  from forgetting.training.optimizer import make_optimizer

  method = methods.of(FULL, shape.model)
  params = jax.tree.map(jax.device_put, models.init(shape.model, seed=0))
  gradients = jax.tree.map(lambda x: x * 1e-3, params)
  state = make_optimizer(shape.hyperparameters, method).init(params)

  @functools.partial(jax.jit, donate_argnums=(0, 1))
  def update(params, state, gradients, h):
    direction, state = make_optimizer(h, method).update(
      gradients, state, params
    )
    return optax.tree.add_scale(params, -h.peak_lr, direction), state

  def step():
    nonlocal params, state
    params, state = update(params, state, gradients, shape.hyperparameters)
    return params

  return repeated(step, shape)


def normal(*shape):
  """Numbers on the device, other ones for every shape."""
  import jax

  draw = np.random.default_rng(shape)
  return jax.device_put(draw.standard_normal(shape, np.float32))


def each_layer(shape: Shape, function, *inputs):
  import jax

  for _ in range(shape.layers):
    out = jax.block_until_ready(function(*inputs))
  return out


def repeated(step, shape: Shape, **facts) -> Work:
  import jax

  def steps():
    while True:
      jax.block_until_ready(step())
      yield shape.batch_size * shape.context

  return Work(steps(), lambda: None, facts)


PARTS = dict(
  products=products,
  attention=attention,
  elementwise=elementwise,
  optimizer=optimizer,
)

if __name__ == "__main__":
  if os.environ.get("JAX_PLATFORMS") == "cpu":
    workers.load_jax(os.environ["BENCHMARK_CACHE"])
  serve(PARTS[sys.argv[1]](Shape(**json.loads(sys.argv[2]))))
