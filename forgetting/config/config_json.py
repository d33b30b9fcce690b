"""A Hugging Face config.json as an architecture.

Files of both layouts are read, and what they leave out since it equals a
default is the default *of their family*. What would change the numbers and is
not understood is refused by its name.
"""

from collections.abc import Mapping, Sequence
import json
from typing import Any

from forgetting.config.checks import check
from forgetting.config.config_json_rope import layer_kinds, rotary_share
from forgetting.config.errors import InputError, shown
from forgetting.config.transformer import FAMILIES, Transformer

# What a family is, whatever its files say.
SWITCHES: dict[str, dict[str, Any]] = {
  "llama": {},
  "mistral": {},
  "qwen2": dict(attention_bias="qkv"),
  "qwen3": dict(head_norm="head"),
  "gemma": dict(norm_offset=True, scaled_embedding=True),
  "gemma2": dict(norm_offset=True, scaled_embedding=True, placement="sandwich"),
  "gemma3_text": dict(
    norm_offset=True,
    scaled_embedding=True,
    placement="sandwich",
    head_norm="head",
  ),
  "olmo": dict(norm="plain"),
  "olmo2": dict(placement="post", head_norm="all"),
  "olmo3": dict(placement="post", head_norm="all"),
  "smollm3": {},
  "gpt2": dict(norm="layer", gated=False, attention_bias="all", mlp_bias=True),
  "gpt_neox": dict(norm="layer", gated=False, mlp_bias=True),
  "gptj": dict(
    norm="layer",
    placement="shared",
    gated=False,
    mlp_bias=True,
    output_bias=True,
    rotary_pairs="neighbours",
  ),
  "phi": dict(
    norm="layer",
    placement="shared",
    gated=False,
    attention_bias="all",
    mlp_bias=True,
    output_bias=True,
  ),
  "phi3": {},
  "stablelm": dict(norm="layer"),
  "opt": dict(norm="layer", gated=False, position_offset=2),
}
TIED = ("gemma", "gemma2", "gemma3_text", "smollm3", "gpt2", "opt")
HEAD_SIZES = {"gemma": 256, "gemma2": 256, "gemma3_text": 256, "qwen3": 128}
RMS_EPS = {"olmo2": 1e-5, "olmo3": 1e-5, "phi3": 1e-5}  # others: 1e-6
ACTIVATIONS = {
  "silu": "silu", "swish": "silu", "gelu": "gelu", "relu": "relu",
  "relu2": "relu2", "quick_gelu": "quick_gelu", "gelu_new": "gelu_tanh",
  "gelu_pytorch_tanh": "gelu_tanh", "gelu_fast": "gelu_tanh",
}  # fmt: skip
USUAL_ACTIVATIONS = {
  "gemma": "gelu_new", "gemma2": "gelu_new", "gemma3_text": "gelu_new",
  "gpt2": "gelu_new", "gptj": "gelu_new", "phi": "gelu_new",
  "gpt_neox": "gelu", "opt": "relu",
}  # fmt: skip
# One thing by the names that families have for it.
NAMES = {
  "width": ("hidden_size", "n_embd"),
  "layers": ("num_hidden_layers", "n_layer"),
  "heads": ("num_attention_heads", "n_head"),
  "hidden": ("intermediate_size", "ffn_dim", "n_inner"),
  "max_context": ("max_position_embeddings", "n_positions"),
  "activation": ("hidden_activation", "hidden_act", "activation_function"),
}
# Settings that change what a model computes, with the value that is understood.
REFUSED: dict[str, tuple[Any, ...]] = {
  "use_bidirectional_attention": (None, False),
  "scale_attn_by_inverse_layer_idx": (None, False),
  "add_cross_attention": (None, False),
  "_remove_final_layer_norm": (None, False),
  "quantization_config": (None,),
}

_NOT_UNDERSTOOD = (
  TypeError, ValueError, KeyError, AttributeError, ArithmeticError,
)  # fmt: skip


def read(text: str, *, where: str) -> Transformer:
  """The architecture that a config.json describes.

  Args:
    text: of the file.
    where: its path, for messages.

  Raises:
    InputError: no JSON, no object, or what `parse` refuses.
  """
  try:
    told = json.loads(text)
  except ValueError as error:
    raise InputError(f"{where}: is no JSON ({error})") from error
  if not isinstance(told, dict):
    raise InputError(
      f"{where}: found {shown(told)}, expected an object with settings"
    )
  try:
    return parse(told)
  except InputError as error:
    raise InputError(f"{where}: {error}") from error
  except _NOT_UNDERSTOOD as error:  # whatever else is in the place of a number
    raise InputError(
      f"{where}: is not understood ({type(error).__name__}: {error}), expected"
      " the config.json of a checkpoint"
    ) from error


def text_settings(told: Mapping[str, Any]) -> Mapping[str, Any]:
  """Settings of the text decoder: of a model with vision they lie deeper.

  Args:
    told: a config.json.
  """
  inner = told.get("text_config")
  return inner if isinstance(inner, Mapping) else told


def parse(told: Mapping[str, Any]) -> Transformer:
  """The architecture that settings describe.

  Args:
    told: a config.json, as `json.loads` gives it.

  Raises:
    InputError: an unknown model_type, a setting that is missing or that is
      not understood.
  """
  for quantised in (told, text_settings(told)):
    _refuse(quantised)
  told = text_settings(told)
  family: str = told.get("model_type", "none")
  check(
    family in SWITCHES, "model_type", family, f"one of {', '.join(FAMILIES)}"
  )
  known: dict[str, Any] = {
    name: _first(told, names) for name, names in NAMES.items()
  }
  for name in ("width", "layers", "heads", "max_context"):
    _check_whole(told, NAMES[name])
  if told.get("head_dim"):
    _check_whole(told, ("head_dim",))
  width, heads = known["width"], known["heads"]
  hidden = known["hidden"] or 4 * width
  layers, max_context = known["layers"], known["max_context"]
  head_size = told.get("head_dim") or HEAD_SIZES.get(family, width // heads)
  kinds, pattern = layer_kinds(told, layers, max_context)
  turned = any(kind.rope for kind in kinds)
  share = rotary_share(told)
  rotary = told["rotary_dim"] if family == "gptj" else int(head_size * share)
  scalar = told.get("query_pre_attn_scalar", 256)
  scaled = family in ("gemma2", "gemma3_text")
  of_all = dict(
    family=family,
    vocab_size=_number(told, "vocab_size"),
    layers=layers,
    width=width,
    heads=heads,
    kv_heads=told.get("num_key_value_heads") or heads,
    head_size=head_size,
    hidden=hidden,
    max_context=max_context,
    norm_eps=_epsilon(told, family),
    activation=_activation(known["activation"], family),
    kinds=kinds,
    pattern=pattern,
    rotary_size=rotary if turned else 0,
    attention_scale=(scalar if scaled else head_size) ** -0.5,
    tied=told.get("tie_word_embeddings", family in TIED),
  )
  return Transformer(**of_all | SWITCHES[family] | _own(told, family))


def _refuse(told: Mapping[str, Any]) -> None:
  for name, understood in REFUSED.items():
    found = told.get(name)
    if name == "quantization_config" and isinstance(found, Mapping):
      method = found.get("quant_method", "an unknown method")
      raise InputError(
        f"quantization_config: found weights quantised by {method}, expected"
        " float32, float16 or bfloat16 ones (of llama also a .gguf file)"
      )
    words = "leave it out: it is not understood"
    check(found in understood, name, found, words)


def _first(told: Mapping[str, Any], names: Sequence[str]):
  return next((told[n] for n in names if told.get(n) is not None), None)


def _check_whole(told: Mapping[str, Any], names: Sequence[str]) -> None:
  """Before it is reckoned with: a count under one of these names."""
  name = next((n for n in names if told.get(n) is not None), names[0])
  found = told.get(name)
  counts = isinstance(found, int) and not isinstance(found, bool) and found > 0
  words = "a number" if found is None else "a whole number above 0"
  check(counts, name, found, words)


def _number(told: Mapping[str, Any], name: str):
  check(told.get(name) is not None, name, None, "a number")
  return told[name]


def _epsilon(told: Mapping[str, Any], family: str) -> float:
  if family in ("olmo", "opt"):
    return 1e-5  # not theirs to say
  if SWITCHES[family].get("norm") == "layer":
    return _first(told, ("layer_norm_eps", "layer_norm_epsilon")) or 1e-5
  return told.get("rms_norm_eps") or RMS_EPS.get(family, 1e-6)


def _activation(name: str | None, family: str) -> str:
  if family == "gemma" and name == "gelu":
    name = "gelu_new"  # the first Gemma's files say the one, mean the other
  name = name or USUAL_ACTIVATIONS.get(family, "silu")
  check(
    name in ACTIVATIONS, "activation", name, f"one of {', '.join(ACTIVATIONS)}"
  )
  return ACTIVATIONS[name]


def _own(told: Mapping[str, Any], family: str) -> dict[str, Any]:
  """Switches that files of this family say."""
  biased = "all" if told.get("attention_bias") else "none"
  if family in ("llama", "smollm3"):
    return dict(attention_bias=biased, mlp_bias=told.get("mlp_bias", False))
  if family in ("qwen3", "gemma", "olmo2", "olmo3"):
    return dict(attention_bias=biased)
  if family == "olmo":
    return dict(attention_bias=biased, clip=told.get("clip_qkv"))
  if family in ("gemma2", "gemma3_text"):
    usual = (50.0, 30.0) if family == "gemma2" else (None, None)
    return dict(
      attention_bias=biased,
      attention_cap=told.get("attn_logit_softcapping", usual[0]),
      logit_cap=told.get("final_logit_softcapping", usual[1]),
    )
  if family == "gpt2":
    plain = told.get("scale_attn_weights", True) is False
    own: dict[str, Any] = dict(positions=_first(told, NAMES["max_context"]))
    return own | (dict(attention_scale=1.0) if plain else {})
  if family == "gpt_neox":
    parallel = told.get("use_parallel_residual", True)
    return dict(
      attention_bias="all" if told.get("attention_bias", True) else "none",
      placement="parallel" if parallel else "pre",
    )
  if family == "phi":
    normed = told.get("qk_layernorm", False)
    return dict(head_norm="head" if normed else "none", head_norm_bias=normed)
  if family == "stablelm":
    parallel = told.get("use_parallel_residual", False)
    return dict(
      attention_bias="qkv" if told.get("use_qkv_bias") else "none",
      placement="shared" if parallel else "pre",
      head_norm="each" if told.get("qk_layernorm") else "none",
    )
  return _opt(told) if family == "opt" else {}


def _opt(told: Mapping[str, Any]) -> dict[str, Any]:
  before = told.get("do_layer_norm_before", True)
  biased = told.get("enable_bias", True)
  embedding, width = told.get("word_embed_proj_dim"), told["hidden_size"]
  affine = told.get("layer_norm_elementwise_affine", True)
  return dict(
    norm="layer" if affine else "plain",
    placement="pre" if before else "after",
    final_norm=before,
    attention_bias="all" if biased else "none",
    mlp_bias=biased,
    positions=told["max_position_embeddings"] + 2,
    embedding_size=None if embedding in (None, width) else embedding,
  )
