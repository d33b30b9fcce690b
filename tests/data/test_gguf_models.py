"""A llama in a GGUF file becomes a folder that computes the same."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest
import tiny_checkpoint

from forgetting.config import InputError, Pretrained
from forgetting.config.config_json import parse
from forgetting.data import gguf_models, tokenizers
from forgetting.storage import safetensors


def _helper():
  """What writes such files, beside the test of their reader."""
  file = pathlib.Path(__file__).parents[1] / "storage" / "test_gguf.py"
  spec = importlib.util.spec_from_file_location("written_gguf", file)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


def in_neighbours(rows: np.ndarray, heads: int) -> np.ndarray:
  halves = rows.reshape(heads, 2, -1, *rows.shape[1:])
  return halves.swapaxes(1, 2).reshape(rows.shape)


@pytest.fixture
def source(tmp_path):
  return tiny_checkpoint.write(tmp_path / "source")


def as_gguf(source, file, **changes) -> None:
  told = json.loads((source / "config.json").read_text())
  pieces = [*tiny_checkpoint.alphabet(), "<s>", "</s>", "a", "b"]
  settings = {
    "general.architecture": "llama",
    "general.license": "apache-2.0",
    "llama.block_count": told["num_hidden_layers"],
    "llama.embedding_length": told["hidden_size"],
    "llama.feed_forward_length": told["intermediate_size"],
    "llama.attention.head_count": told["num_attention_heads"],
    "llama.attention.head_count_kv": told["num_key_value_heads"],
    "llama.attention.layer_norm_rms_epsilon": 1e-6,
    "llama.context_length": told["max_position_embeddings"],
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": pieces,
    "tokenizer.ggml.token_type": [1] * 256 + [3, 3, 1, 1],
    "tokenizer.ggml.merges": ["a b"],
    "tokenizer.ggml.bos_token_id": 256,
    "tokenizer.ggml.eos_token_id": 257,
  } | changes
  names = {v: k for k, v in gguf_models.WHOLE.items()}
  modules = {v: k for k, v in gguf_models.OF_LAYER.items()}
  tensors = {}
  places = safetensors.places(source / "model.safetensors")
  for name, place in places.items():
    array = place.read()
    if name not in names:
      _, _, layer, *module, _ = name.split(".")
      short = modules[".".join(module)]
      heads = {"attn_q": 2, "attn_k": 1}.get(short)
      array = in_neighbours(array, heads) if heads else array
      names[name] = f"blk.{layer}.{short}.weight"
    tensors[names[name]] = (0, array.shape, array.tobytes())
  _helper().written(file, settings, tensors)


def test_it_holds_what_the_source_holds(source, tmp_path):
  as_gguf(source, tmp_path / "x.gguf")
  out = gguf_models.convert(tmp_path / "x.gguf", tmp_path / "out")
  before, after = (
    safetensors.places(x / "model.safetensors") for x in (source, out)
  )
  assert {*before} == {*after}
  for name, place in before.items():
    np.testing.assert_array_equal(after[name].read(), place.read(), name)
  told = [json.loads((x / "config.json").read_text()) for x in (source, out)]
  assert parse(told[0]) == parse(told[1])
  found = tokenizers.find(Pretrained(str(out)).tokenizer)
  assert (found.end_id, found.begin_id, found.vocab_size) == (257, None, 260)
  card = (out / "README.md").read_text()
  assert card.startswith("---\nlicense: apache-2.0\n---\n")


def test_what_is_not_understood_is_refused(source, tmp_path):
  file = tmp_path / "x.gguf"
  for key, value, message in (
    ("general.architecture", "qwen2", "architecture 'qwen2', expected 'llama'"),
    ("llama.rope.scaling.type", "yarn", "plain rotary positions"),
    ("tokenizer.ggml.pre", "llama-bpe", "a tokenizer of kind 'gpt2', 'llama-"),
  ):
    as_gguf(source, file, **{key: value})
    with pytest.raises(InputError, match=message):
      gguf_models.convert(file, tmp_path / "out")
