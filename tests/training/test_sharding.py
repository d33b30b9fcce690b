"""Every mesh of eight simulated devices against one device."""

import dataclasses
import pathlib
import re
import subprocess
import sys

import jax
import numpy as np
import pytest

from forgetting.config import InputError, Model
from forgetting.training import models, sharding
from forgetting.training.models import decoder

MESHES = """
import sys
import jax
jax.config.update("jax_num_cpu_devices", 8)
import numpy as np
from forgetting.config import Model, Optimizer, Run
from forgetting.data.mixture import as_batch
from forgetting.training import evaluate, models, programs
from forgetting.training.optimizer import Hyperparameters

shape = Model(layers=1, width=32, heads=8, context=16, vocab_size=2100)
optimizer = Optimizer(peak_lr=1e-2, clip_norm=1e9)
run = Run(model=shape, optimizer=optimizer, steps=3, batch_size=8,
          pretraining=("a",), injection=1)
draw = np.random.default_rng(0)
weights = draw.integers(0, 2, (8, 16)).astype(np.float32)
batches = [as_batch(draw.integers(0, 2100, (8, 17), np.int32), weights)
           for _ in range(3)]
chunks = draw.integers(0, 2100, (20, 17), np.int32)
start = models.init(shape, seed=0)
out = {}

def flat(tree):
  leaves = jax.tree.leaves(tree)
  return np.concatenate([np.ravel(np.asarray(x)) for x in leaves])

for axis in map(int, sys.argv[2].split(",")):
  p = programs.compile_programs(shape, batch_size=8, model_axis=axis)
  mesh = p.batch_sharding.mesh
  data = jax.device_count() // axis
  assert dict(mesh.shape) == {"data": data, "model": axis}
  state = p.init_state(start)
  for leaf in jax.tree.leaves(state["params"]):
    if leaf.ndim > 2:  # a matrix of the layers: an eighth on each device
      share = leaf.addressable_shards[0].data.size
      assert share * jax.device_count() == leaf.size
  seen, h = [], p.spread(Hyperparameters.of(run))
  assert all(x.is_fully_replicated and x.dtype == np.float32 for x in h)
  for batch in batches:
    state, m = p.train(state, {}, p.put(batch), h)
    seen.append(float(m.loss))
    if len(seen) == 1:  # Adam's first moment of one step: the gradient
      adam = state["optimizer"][1]
      out[f"gradient {axis}"] = flat(adam.mu) / (1 - run.optimizer.b1)
  ones = np.ones((20, 16), np.float32)
  e = evaluate.per_example(p.losses, state["params"], {}, chunks, ones)
  out[f"losses {axis}"] = np.concatenate([seen, e])
np.savez(sys.argv[1], **out)
"""


def trained(folder: pathlib.Path, *, devices: int, axes: str) -> dict:
  code = MESHES.replace('_devices", 8)', f'_devices", {devices})')
  file = folder / "out.npz"
  subprocess.run([sys.executable, "-c", code, str(file), axes], check=True)
  return dict(np.load(file))


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict[str, np.ndarray]:
  return trained(tmp_path_factory.mktemp("alone"), devices=1, axes="1")


@pytest.mark.parametrize(
  "axes", ["2", pytest.param("1,4,8", marks=pytest.mark.slow)]
)
def test_every_mesh_gives_losses_and_gradients_of_one_device(
  alone, axes, tmp_path
):
  """8 x 1, 4 x 2, 2 x 4 and 1 x 8: data x model."""
  meshes = trained(tmp_path, devices=8, axes=axes)
  expected = alone["gradient 1"]
  for axis in axes.split(","):
    np.testing.assert_allclose(
      meshes[f"gradient {axis}"],
      expected,
      rtol=1e-4,
      atol=2e-6 * np.abs(expected).max(),
    )
    np.testing.assert_allclose(
      meshes[f"losses {axis}"], alone["losses 1"], rtol=2e-5
    )


MEMORY = """
import sys
import jax
jax.config.update("jax_num_cpu_devices", int(sys.argv[1]))
from forgetting.config import Model
from forgetting.training import programs
shape = Model(layers=2, width=64, heads=8, context=128, vocab_size=2100)
p = programs.compile_programs(shape, batch_size=16)
for program in (p.train, p.losses):
  print(program.memory_analysis().temp_size_in_bytes)
"""


def temporaries(*, devices: int) -> list[int]:
  """Bytes on a device of the train step, and of the losses of its share."""
  command = [sys.executable, "-c", MEMORY, str(devices)]
  done = subprocess.run(command, check=True, capture_output=True, text=True)
  return [int(line) for line in done.stdout.split()]


@pytest.mark.slow
def test_each_device_holds_the_activations_of_its_own_rows():
  """Left free, XLA splits the width instead and gives every device all rows."""
  (step, losses), (step_8, losses_8) = (
    temporaries(devices=devices) for devices in (1, 8)
  )
  assert step_8 < step / 6  # of eight
  assert losses_8 < 1.2 * losses  # each device has as many rows as one alone


def test_the_mesh_is_chosen_so_that_sizes_divide():
  model = Model(layers=1, width=48, heads=6, context=8, vocab_size=3000)
  found = {
    rows: sharding.model_axis(model, rows=rows, devices=6) for rows in (6, 3, 2)
  }
  assert found == {6: 1, 3: 2, 2: 3}
  one_head = dataclasses.replace(model, heads=1)
  with pytest.raises(InputError, match="batch_size: found 5, .* 6 devices"):
    sharding.model_axis(one_head, rows=5, devices=6)


def test_every_parameter_has_a_row_and_every_row_a_parameter():
  shapes = models.shapes(Model(layers=1, width=16, heads=2))
  paths = [
    jax.tree_util.keystr(path, simple=True, separator="/")
    for path, _ in jax.tree_util.tree_flatten_with_path(shapes)[0]
  ]
  for path in paths:
    sharding.spec_of(path, decoder.RULES)
  for pattern, _ in decoder.RULES:
    assert any(re.search(pattern, path) for path in paths), pattern


def test_every_parameter_and_moment_has_a_rule(finetuning, programs):
  mesh = sharding.make_mesh()
  placed = sharding.shardings(programs.shapes, mesh, decoder.RULES)
  assert len(jax.tree.leaves(placed)) == len(jax.tree.leaves(programs.shapes))
  with pytest.raises(ValueError, match="no rule of the model"):
    sharding.spec_of("layers/renamed/kernel", decoder.RULES)
