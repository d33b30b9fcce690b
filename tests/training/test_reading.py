import json

import jax
import jax.numpy as jnp
import numpy as np
from public_checkpoints import architecture, write_checkpoint
import public_models
import pytest

from forgetting.config import InputError
from forgetting.storage import safetensors
from forgetting.storage.safetensors import Written
from forgetting.training.models.family import name_of
from forgetting.training.public import reading


def rewritten(folder, change) -> None:
  """The single file of a checkpoint with its tensors changed."""
  file = folder / "model.safetensors"
  found = {k: p.read().copy() for k, p in safetensors.places(file).items()}
  found = change(found)
  told = {k: Written("F32", x.shape) for k, x in found.items()}
  safetensors.write(file, told, iter(found.values()))


def same(one, other) -> bool:
  return jax.tree.all(jax.tree.map(np.array_equal, one, other))


def test_shards_and_one_file_give_the_same(tmp_path):
  c = architecture("gpt_neox")
  whole, sharded = (
    reading.load(write_checkpoint(tmp_path / str(n), "gpt_neox", shards=n), c)
    for n in (1, 3)
  )
  assert same(whole, sharded)


def test_what_is_read_in_16_bits_is_the_rounded_one(tmp_path):
  c = architecture("gpt2")
  folder = write_checkpoint(tmp_path / "x", "gpt2")
  wide, narrow = (
    reading.load(folder, c, dtype=dtype) for dtype in ("float32", "bfloat16")
  )
  assert same(jax.tree.map(lambda x: x.astype(jnp.bfloat16), wide), narrow)
  assert {x.dtype.name for x in jax.tree.leaves(narrow)} == {"bfloat16"}


@pytest.mark.parametrize(
  ("case", "old", "new"),
  [
    ("gpt2", "transformer.", ""),
    ("opt", "model.decoder.", "decoder."),
    ("gemma3", "model.", "language_model.model."),
    ("gpt_neox", "embed_out.", "lm_head."),
  ],
)
def test_names_of_other_days_are_known(case, old, new, tmp_path):
  c = architecture(case)
  folder = write_checkpoint(tmp_path / "x", case)
  expected = reading.load(folder, c)

  def renamed(found):
    return {name.replace(old, new, 1): x for name, x in found.items()}

  rewritten(folder, renamed)
  assert same(reading.load(folder, c), expected)


def test_buffers_tied_outputs_and_vision_are_left_aside(tmp_path):
  c = architecture("gemma3")
  folder = write_checkpoint(tmp_path / "x", "gemma3")
  expected = reading.load(folder, c)
  more = {
    "lm_head.weight": np.zeros((41, 32), np.float32),
    "vision_tower.x": np.zeros(3, np.float32),
    "model.layers.0.self_attn.rotary_emb.inv_freq": np.zeros(3, np.float32),
  }
  rewritten(folder, lambda found: found | more)
  assert same(reading.load(folder, c), expected)


def test_a_tensor_that_is_not_used_is_refused_by_name(tmp_path):
  """`attention.bias` of old files must not swallow a bias that counts."""
  folder = write_checkpoint(tmp_path / "x", "llama")
  name = "model.layers.1.self_attn.q_proj.bias"
  rewritten(folder, lambda found: found | {name: np.zeros(32, np.float32)})
  with pytest.raises(InputError, match=f"found tensor {name}, which"):
    reading.load(folder, architecture("llama"))
  assert not reading.BUFFERS.search("gpt_neox.layers.0.attention.dense.bias")
  assert reading.BUFFERS.search("gpt_neox.layers.0.attention.bias")


def test_what_is_missing_or_of_another_shape_is_refused(tmp_path):
  folder = write_checkpoint(tmp_path / "x", "llama")
  c = architecture("llama")

  def without(found):
    return {k: x for k, x in found.items() if k != "lm_head.weight"}

  rewritten(folder, without)
  with pytest.raises(InputError, match="not tied to the embedding"):
    reading.load(folder, c)
  folder = write_checkpoint(tmp_path / "y", "llama")
  name = "model.layers.0.mlp.up_proj.weight"
  rewritten(folder, lambda found: found | {name: np.zeros((3, 4), np.float32)})
  with pytest.raises(InputError, match=rf"{name}: found shape \(3, 4\)"):
    reading.load(folder, c)
  with pytest.raises(InputError, match="the weights of a model of type opt"):
    reading.load(folder, architecture("opt"))


def test_a_folder_without_safetensors_says_what_it_has(tmp_path):
  for name, message in (
    (None, "found no weights"),
    ("pytorch_model.bin", "pickled weights can run code"),
    ("x-Q4_1.gguf", "give the path of the .gguf file"),
  ):
    if name:
      (tmp_path / name).touch()
    with pytest.raises(InputError, match=message):
      reading.places_in(tmp_path)
  (tmp_path / "model.safetensors.index.json").write_text(json.dumps([]))
  with pytest.raises(InputError, match="no index of shards"):
    reading.places_in(tmp_path)


def test_every_parameter_is_filled(tmp_path):
  c = architecture("stablelm-2")
  params = reading.load(write_checkpoint(tmp_path / "x", "stablelm-2"), c)
  leaves, _ = jax.tree_util.tree_flatten_with_path(params)
  assert {name_of(path): x.shape for path, x in leaves} == c.shapes
  assert all(np.abs(x).min(initial=1) >= 0 and x.any() for _, x in leaves)
  assert public_models.VOCABULARY == c.vocab_size


@pytest.mark.parametrize(
  ("case", "name"),
  [
    ("llama", "model.layers.1.mlp.up_proj.weight"),
    ("llama", "model.embed_tokens.weight"),
    ("gpt2", "transformer.h.0.attn.c_attn.weight"),
    ("gpt_neox", "gpt_neox.layers.0.attention.query_key_value.weight"),
  ],
)
def test_a_shape_is_expected_as_the_file_has_it(case, name, tmp_path):
  folder = write_checkpoint(tmp_path / "x", case)
  shape = safetensors.places(folder / "model.safetensors")[name].shape
  rewritten(folder, lambda found: found | {name: found[name].T})
  with pytest.raises(InputError) as told:
    reading.load(folder, architecture(case))
  assert f"{name}: found shape {shape[::-1]}, expected {shape} as" in str(
    told.value
  )


def test_weights_that_are_whole_numbers_are_refused_and_buffers_are_not(
  tmp_path,
):
  """A quantised checkpoint, without a word of that in its config.json."""
  c = architecture("gpt2")
  folder = write_checkpoint(tmp_path / "x", "gpt2")
  expected = reading.load(folder, c)
  file = folder / "model.safetensors"
  arrays = {k: p.read().copy() for k, p in safetensors.places(file).items()}
  mask = "transformer.h.0.attn.bias"

  def write(**types):
    told = {
      name: Written(types.get(name, "F32"), x.shape)
      for name, x in arrays.items()
    }
    safetensors.write(file, told, iter(arrays.values()))

  arrays[mask] = np.ones((1, 1, 4, 4), np.bool_)
  write(**{mask: "BOOL"})
  assert same(reading.load(folder, c), expected)
  name = "transformer.h.1.mlp.c_fc.weight"
  write(**{mask: "BOOL", name: "I32"})
  with pytest.raises(InputError, match=f"{name}: found numbers of type I32"):
    reading.load(folder, c)
