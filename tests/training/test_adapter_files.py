"""PEFT's two files, out and in."""

import json
import pathlib
import subprocess

import jax
import numpy as np
from public_checkpoints import (
  apart,
  architecture,
  logits,
  model_of,
  write_checkpoint,
)
import public_models
import pytest

from forgetting.config import InputError, LoRA, Model
from forgetting.storage import safetensors
from forgetting.training import methods, models
from forgetting.training.public import adapter_files, reading

ROOT = pathlib.Path(__file__).parents[2]
TORCH = ROOT / ".venv-hf" / "bin" / "python"
PROGRAM = ROOT / "tests" / "public_models_peft.py"
# separate and fused matrices, transposed ones, fused by head, biases
PEFT_CASES = ("gpt2", "gpt_neox", "llama", "opt", "phi3")


def adapted(case: str, **more):
  model = model_of(architecture(case))
  method = methods.of(LoRA(rank=3, **more), model)
  draw = np.random.default_rng(0)
  params = models.shapes(model)
  trained = jax.tree.map(
    lambda x: draw.normal(0, 1, x.shape).astype(np.float32),
    method.trained(params),
  )
  return method, trained


def test_each_family_comes_back_as_it_went_out(tmp_path):
  for case in public_models.CONFIGS:
    method, trained = adapted(case)
    folder = tmp_path / case
    folder.mkdir()
    adapter_files.write(method, trained, folder, base_name="base")
    found, tree = adapter_files.read(folder, method.model)
    assert found == method.config, case
    jax.tree.map(np.testing.assert_array_equal, tree, trained)


def test_names_and_shapes_are_peft_s(tmp_path):
  """gpt2: one A for the fused matrix, B with a row an output."""
  method, trained = adapted("gpt2")
  adapter_files.write(method, trained, tmp_path, base_name="gpt2")
  places = safetensors.places(tmp_path / adapter_files.WEIGHTS)
  width = method.model.architecture.width
  name = "base_model.model.transformer.h.1.attn.c_attn"
  a, b = (places[f"{name}.lora_{part}.weight"].read() for part in "AB")
  assert a.shape == (3, width) and b.shape == (3 * width, 3)
  layers = trained["layers"]
  np.testing.assert_array_equal(a, layers["q"]["kernel_lora_a"][1].T)
  np.testing.assert_array_equal(
    b[width : 2 * width], layers["k"]["kernel_lora_b"][1].T
  )
  told = json.loads((tmp_path / adapter_files.CONFIG).read_text())
  assert told["target_modules"] == [
    "attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj",
  ]  # fmt: skip
  assert told["fan_in_fan_out"] and told["r"] == 3


def test_rslora_goes_out_as_what_it_computes_and_part_of_the_matrices_too(
  tmp_path,
):
  method, trained = adapted("llama", alpha=6, rslora=True, targets=("q", "up"))
  adapter_files.write(method, trained, tmp_path, base_name="llama")
  told = json.loads((tmp_path / adapter_files.CONFIG).read_text())
  assert told["target_modules"] == ["self_attn.q_proj", "mlp.up_proj"]
  assert not told["fan_in_fan_out"] and not told["use_rslora"]
  assert told["lora_alpha"] / told["r"] == pytest.approx(6 / 3**0.5)
  found, tree = adapter_files.read(tmp_path, method.model)
  assert found.scale == pytest.approx(method.config.scale)
  assert found.targets == ("layers/q", "layers/up")
  jax.tree.map(np.testing.assert_array_equal, tree, trained)


@pytest.mark.parametrize(
  ("change", "line"),
  [
    (dict(use_dora=True), "found use_dora = True, expected plain LoRA"),
    (dict(rank_pattern={"q": 8}), "found rank_pattern = "),
    (dict(modules_to_save=["lm_head"]), "found modules_to_save = "),
    (dict(layer_replication=[[0, 4]]), "found layer_replication = "),
    (dict(lora_bias=True), "found lora_bias = True"),
    (dict(bias="all"), "found bias 'all', expected 'none'"),
    (dict(peft_type="IA3"), "found peft_type 'IA3', expected 'LORA'"),
    (dict(r="x"), r"adapter_config.json: LoRA.rank: found 'x', expected"),
    (dict(r=4), "found shape .* expected .* of another model or rank"),
  ],
)
def test_what_is_not_understood_is_refused(tmp_path, change, line):
  method, trained = adapted("llama")
  adapter_files.write(method, trained, tmp_path, base_name="llama")
  file = tmp_path / adapter_files.CONFIG
  file.write_text(json.dumps(json.loads(file.read_text()) | change))
  with pytest.raises(InputError, match=line):
    adapter_files.read(tmp_path, method.model)


def test_a_config_that_is_no_object_is_one_line(tmp_path):
  method, trained = adapted("llama")
  adapter_files.write(method, trained, tmp_path, base_name="llama")
  (tmp_path / adapter_files.CONFIG).write_text("[]")
  with pytest.raises(InputError, match=r"config.json: found \[\], expected an"):
    adapter_files.read(tmp_path, method.model)


def test_files_that_cannot_be_read_are_one_line(tmp_path):
  method, trained = adapted("llama")
  adapter_files.write(method, trained, tmp_path, base_name="llama")
  for name in (adapter_files.WEIGHTS, adapter_files.CONFIG):
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=f"{name}: cannot be read .Is a dir"):
      adapter_files.read(tmp_path, method.model)


def test_a_tensor_too_many_or_too_few_is_refused(tmp_path):
  method, trained = adapted("llama")
  adapter_files.write(method, trained, tmp_path, base_name="llama")
  file = tmp_path / adapter_files.WEIGHTS
  kept = {n: p.read() for n, p in safetensors.places(file).items()}
  name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"

  def write(tensors):
    arrays = {n: np.array(x, np.float32) for n, x in tensors.items()}
    told = {n: safetensors.Written("F32", x.shape) for n, x in arrays.items()}
    safetensors.write(file, told, arrays.values())

  write(kept | {"base_model.model.lm_head.lora_A.weight": np.ones((3, 2))})
  with pytest.raises(InputError, match="found base_model.model.lm_head"):
    adapter_files.read(tmp_path, method.model)
  write({n: x for n, x in kept.items() if n != name})
  with pytest.raises(InputError, match=f"found no {name}"):
    adapter_files.read(tmp_path, method.model)


def test_a_model_of_our_own_has_no_names_for_it(tmp_path):
  model = Model(layers=1, width=8, heads=1)
  method = methods.of(LoRA(rank=2), model)
  trained = method.trained(models.init(model, seed=0))
  with pytest.raises(InputError, match="expected a public one"):
    adapter_files.write(method, trained, tmp_path, base_name="ours")


def computed(method, trained, params, case: str) -> np.ndarray:
  """Logits of base with the adapter merged."""
  whole = method.merged(trained, params)
  return logits(whole, architecture(case))


@pytest.mark.slow
def test_peft_computes_the_same_and_its_own_are_read(tmp_path):
  """Ours in PEFT, and PEFT's in ours; one module or a fused one."""
  if not TORCH.exists():
    pytest.skip("needs .venv-hf: make hf")
  bases = {}
  for case in PEFT_CASES:
    method, trained = adapted(case)
    trained = jax.tree.map(lambda x: 0.2 * x, trained)
    source = write_checkpoint(tmp_path / "source" / case, case)
    bases[case] = reading.load(source, architecture(case))
    out = tmp_path / "adapters" / case / "ours"
    out.mkdir(parents=True)
    adapter_files.write(method, trained, out, base_name=case)
    np.save(out / "logits.npy", computed(method, trained, bases[case], case))
  subprocess.run([TORCH, PROGRAM, tmp_path / "adapters"], check=True)
  for case, base in bases.items():
    theirs = tmp_path / "adapters" / case / "theirs"
    model = model_of(architecture(case))
    found, trained = adapter_files.read(theirs, model)
    assert found.rslora and found.rank == 3, case
    bound = methods.of(found, model)
    expected = np.load(theirs / "logits.npy")
    assert apart(computed(bound, trained, base, case), expected) < 3, case
