"""Families of public models over eight simulated devices, beside one device."""

import os
import pathlib
import subprocess
import sys

import public_models
import pytest

TESTS = pathlib.Path(__file__).parents[1]
# grouped heads and a gate; learned positions and biases; projections around
REPRESENTATIVE = ("llama", "gpt2", "opt-after")

CODE = """
import dataclasses, functools, sys
import jax
jax.config.update("jax_num_cpu_devices", 8)
import numpy as np
from public_checkpoints import architecture, model_of
from forgetting.config import Model, Optimizer, Run
from forgetting.data.mixture import as_batch
from forgetting.training import losses, models, programs
from forgetting.training.optimizer import Hyperparameters

run = Run(
  model=Model(layers=1, width=8, heads=2), steps=3, batch_size=8, injection=1,
  optimizer=Optimizer(peak_lr=1e-2, clip_norm=1e9), pretraining=("a",),
)
h = Hyperparameters.of(run)
draw = np.random.default_rng(0)
for case in sys.argv[1:]:
  # rows that divide, as those of files are padded to
  c = dataclasses.replace(architecture(case), vocab_size=48)
  model = model_of(c)
  tokens = draw.integers(0, c.vocab_size, (8, model.context + 1), np.int32)
  batch = as_batch(tokens, np.ones((8, model.context), np.float32))
  # norms and biases away from where they start
  params = jax.tree.map(
    lambda x: x + draw.normal(0, 0.1, x.shape).astype(np.float32),
    models.init(model, seed=0),
  )
  loss = functools.partial(losses.weighted_sum, model=model, devices=1)
  alone = jax.jit(jax.value_and_grad(loss))
  here = jax.device_put((params, batch), jax.devices()[0])
  expected, gradients = alone(*here)
  count = batch["weights_BxL"].sum()
  p = programs.compile_programs(model, batch_size=8, model_axis=2)
  assert dict(p.batch_sharding.mesh.shape) == {"data": 4, "model": 2}
  state = p.init_state(params)
  for path, leaf in jax.tree_util.tree_leaves_with_path(state["params"]):
    # matrices are spread; norms, also those of each head, are whole
    if leaf.ndim > 2 and "norm" not in jax.tree_util.keystr(path):
      share = leaf.addressable_shards[0].data.size
      assert share * 8 == leaf.size, (case, path)
  state, told = p.train(state, {}, p.put(batch), h)
  np.testing.assert_allclose(told.loss, expected / count, rtol=1e-5)
  adam = state["optimizer"][1]  # its first moment of one step: the gradient
  for (path, moment), one in zip(
    jax.tree_util.tree_leaves_with_path(adam.mu),
    jax.tree.leaves(gradients),
    strict=True,
  ):
    one = np.asarray(one) / count
    found = np.asarray(moment) / (1 - run.optimizer.b1)
    allowed = 1e-5 * max(np.abs(one).max(), 1e-3)
    np.testing.assert_allclose(
      found, one, atol=allowed, rtol=1e-4, err_msg=f"{case} {path}"
    )
  print(case, "equal", flush=True)
"""


@pytest.mark.parametrize(
  "cases",
  [
    REPRESENTATIVE,
    pytest.param(
      tuple(c for c in public_models.CONFIGS if c not in REPRESENTATIVE),
      marks=pytest.mark.slow,
    ),
  ],
  ids=["representative", "others"],
)
def test_loss_and_gradients_are_those_of_one_device(cases):
  """4 x 2: data x model."""
  flags = "--xla_backend_optimization_level=0"
  flags += " --xla_llvm_disable_expensive_passes=true"
  environment = os.environ | dict(
    PYTHONPATH=str(TESTS), XLA_FLAGS=flags, JAX_PLATFORMS="cpu"
  )
  done = subprocess.run(
    [sys.executable, "-c", CODE, *cases],
    env=environment,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr[-3000:]
  assert done.stdout.splitlines() == [f"{case} equal" for case in cases]
