"""Makes a folder like those of the hub of a llama in a GGUF file."""

from collections.abc import Mapping
import json
import pathlib
from typing import Any

import numpy as np

from forgetting.config import InputError, config_json
from forgetting.data import cache
from forgetting.storage import gguf, safetensors
from forgetting.storage.gguf import File

WHOLE = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
}
OF_LAYER = {
  "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
  "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
  "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
  "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
  "ffn_down": "mlp.down_proj",
}  # fmt: skip
CONTROL = 3  # the type of a token that no text writes
# how text is taken apart before its bytes are paired, by the format's names
DIGITS_APART = {"smollm": True, "gpt-2": False}


def convert(file: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
  """Writes config.json, float32 weights, tokenizer.json and README.md.

  Args:
    file: the .gguf file.
    folder: which is made.

  Returns:
    the folder.

  Raises:
    InputError: it is no llama, or has what is not understood.
  """
  if folder.exists():
    raise InputError(f"--out: found {folder}, expected a folder that is not")
  found = gguf.read(file)
  told = _config(found, file)
  config_json.parse(told)  # before hundreds of megabytes are written
  tokenizer = _tokenizer(found.settings, file)
  names = {name: _name(name, file) for name in found.tensors}
  with cache.placing(folder) as work:
    (work / "config.json").write_text(json.dumps(told, indent=2))
    (work / "tokenizer.json").write_text(json.dumps(tokenizer))
    (work / "README.md").write_text(_card(found.settings, file))
    safetensors.write(
      work / "model.safetensors",
      {
        names[name]: safetensors.Written("F32", place.shape)
        for name, place in found.tensors.items()
      },
      (_read(name, found, told) for name in found.tensors),
    )
  return folder


def _card(said: Mapping[str, Any], file: pathlib.Path) -> str:
  """A model card with what the file says of licence and origin."""
  licence = said.get("general.license")
  front = ["---", f"license: {licence}", "---", ""] if licence else []
  name = said.get("general.name", file.stem)
  told = f"Converted from {file.name}, which is called {name!r}."
  return "\n".join([*front, told]) + "\n"


def _config(found: File, file: pathlib.Path) -> dict[str, Any]:
  said = found.settings
  kind = said.get("general.architecture")
  if kind != "llama" or "llama.rope.scaling.type" in said:
    raise InputError(
      f"{file}: found a model of architecture {kind!r}, expected 'llama' with"
      " plain rotary positions; take its safetensors instead"
    )

  def of(name: str):
    if (key := f"llama.{name}") not in said:
      raise InputError(f"{file}: found no {key}, expected a number")
    return said[key]

  heads = of("attention.head_count")
  return dict(
    architectures=["LlamaForCausalLM"],
    model_type="llama",
    vocab_size=found.tensors["token_embd.weight"].shape[0],
    hidden_size=of("embedding_length"),
    intermediate_size=of("feed_forward_length"),
    num_hidden_layers=of("block_count"),
    num_attention_heads=heads,
    num_key_value_heads=said.get("llama.attention.head_count_kv", heads),
    max_position_embeddings=of("context_length"),
    # which the file holds as the nearest float32
    rms_norm_eps=float(f"{of('attention.layer_norm_rms_epsilon'):.6g}"),
    rope_theta=said.get("llama.rope.freq_base", 10_000.0),
    hidden_act="silu",
    tie_word_embeddings="output.weight" not in found.tensors,
    bos_token_id=said.get("tokenizer.ggml.bos_token_id"),
    eos_token_id=said.get("tokenizer.ggml.eos_token_id"),
    torch_dtype="float32",
  )


def _name(name: str, file: pathlib.Path) -> str:
  if name in WHOLE:
    return WHOLE[name]
  block, _, rest = name.removeprefix("blk.").partition(".")
  module, _, part = rest.partition(".")
  if name.startswith("blk.") and module in OF_LAYER and part == "weight":
    return f"model.layers.{block}.{OF_LAYER[module]}.weight"
  raise InputError(f"{file}: found tensor {name}, which a llama does not use")


def _read(name: str, found: File, told: Mapping[str, Any]) -> np.ndarray:
  """A tensor, queries and keys in halves that turn, not in neighbours."""
  array = found.tensors[name].read()
  heads = {
    "attn_q.weight": told["num_attention_heads"],
    "attn_k.weight": told["num_key_value_heads"],
  }.get(name.partition(".")[2].partition(".")[2])
  return array if heads is None else in_halves(array, heads)


def in_halves(rows: np.ndarray, heads: int) -> np.ndarray:
  """Rows of each head, those of the first halves before the second's.

  Args:
    rows: [heads x K, ...], of which neighbours turn together.
    heads: of them.
  """
  pairs = rows.reshape(heads, -1, 2, *rows.shape[1:])
  return pairs.swapaxes(1, 2).reshape(rows.shape)


def _tokenizer(said: Mapping[str, Any], file: pathlib.Path) -> dict[str, Any]:
  """A tokenizer.json of its byte pairs."""
  kind, before = (said.get(f"tokenizer.ggml.{n}") for n in ("model", "pre"))
  if kind != "gpt2" or before not in DIGITS_APART:
    raise InputError(
      f"{file}: found a tokenizer of kind {kind!r}, {before!r}, expected 'gpt2'"
      f" and one of {', '.join(DIGITS_APART)}"
    )
  pieces = said["tokenizer.ggml.tokens"]
  types = said.get("tokenizer.ggml.token_type", [1] * len(pieces))
  bytewise = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True)
  apart: dict[str, Any] = bytewise | dict(use_regex=True)
  if DIGITS_APART[before]:
    digits = dict(type="Digits", individual_digits=True)
    apart = dict(type="Sequence", pretokenizers=[digits, apart])
  flags = ("single_word", "lstrip", "rstrip", "normalized")
  return dict(
    version="1.0",
    added_tokens=[
      dict(id=i, content=piece, special=True, **dict.fromkeys(flags, False))
      for i, (piece, of) in enumerate(zip(pieces, types, strict=True))
      if of == CONTROL
    ],
    pre_tokenizer=apart,
    decoder=bytewise,
    model=dict(
      type="BPE",
      vocab={piece: i for i, piece in enumerate(pieces)},
      merges=said["tokenizer.ggml.merges"],
    ),
  )
