"""Small models of every family: their config.json, and weights by a rule.

Both sides make the same weights from the names of tensors, so that only what a
model computes is stored: `tests/public_models_torch.py` makes that, in the
environment of `make hf`. Windows and original contexts are shorter than the
sequence, norms and biases away from 1 and 0, so that every branch matters.
Numpy alone: both environments import this.
"""

import json
import pathlib
import zlib

import numpy as np

FILE = pathlib.Path(__file__).with_name("public_models.npz")
LENGTH = 20
VOCABULARY = 41
COMMON = dict(
  vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48,
  num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=32,
  pad_token_id=0,
)  # fmt: skip
GROUPED = COMMON | dict(num_key_value_heads=2, rms_norm_eps=1e-3)
OLD = dict(
  vocab_size=VOCABULARY, n_embd=32, n_layer=3, n_head=4, n_positions=32,
  layer_norm_epsilon=1e-3,
)  # fmt: skip
LLAMA3 = dict(
  rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
  original_max_position_embeddings=16,
)  # fmt: skip
YARN = dict(
  rope_type="yarn", factor=4.0, original_max_position_embeddings=16,
  beta_fast=1.0, beta_slow=0.25,
)  # fmt: skip
LONG = dict(
  type="longrope", short_factor=[1.0, 1.5, 2.0, 2.5],
  long_factor=[1.5, 2.5, 4.0, 6.0],
)  # fmt: skip


def _of(model_type: str, *parts: dict, **more) -> dict:
  out = dict(model_type=model_type)
  for part in (*parts, more):
    out |= part
  return out


# name -> config.json, in the layout and with the omissions of files on the hub
CONFIGS: dict[str, dict] = {
  "llama": _of("llama", GROUPED),
  "llama-tied": _of("llama", GROUPED, tie_word_embeddings=True, rope_theta=1e5),
  "llama-biased": _of(
    "llama", GROUPED, attention_bias=True, mlp_bias=True, head_dim=16,
    hidden_act="gelu_pytorch_tanh",
  ),
  "llama-3": _of("llama", GROUPED, rope_theta=5e5, rope_scaling=LLAMA3),
  "llama-linear": _of(
    "llama", GROUPED, rope_scaling=dict(type="linear", factor=4.0)
  ),
  "llama-dynamic": _of(
    "llama", GROUPED, rope_scaling=dict(type="dynamic", factor=4.0)
  ),
  "llama-yarn": _of("llama", GROUPED, rope_theta=10.0, rope_scaling=YARN),
  "mistral": _of("mistral", GROUPED, sliding_window=5, head_dim=16),
  "mistral-full": _of("mistral", GROUPED, sliding_window=None),
  "qwen2": _of(
    "qwen2", GROUPED, rope_theta=1e6, sliding_window=5,
    use_sliding_window=False, tie_word_embeddings=True,
  ),
  "qwen2-windowed": _of(
    "qwen2", GROUPED, sliding_window=5, use_sliding_window=True,
    max_window_layers=1,
  ),
  "qwen3": _of("qwen3", GROUPED, rope_theta=1e6, head_dim=16),
  "gemma": _of("gemma", GROUPED, head_dim=16, hidden_act="gelu_pytorch_tanh"),
  "gemma2": _of(
    "gemma2", GROUPED, head_dim=16, sliding_window=5, query_pre_attn_scalar=24,
    attn_logit_softcapping=1.5, final_logit_softcapping=2.0,
  ),
  "gemma3": _of(
    "gemma3_text", GROUPED, head_dim=16, sliding_window=5,
    query_pre_attn_scalar=24, sliding_window_pattern=3,
    rope_local_base_freq=100.0, rope_theta=1e4,
    rope_scaling=dict(rope_type="linear", factor=8.0), num_hidden_layers=4,
  ),
  "olmo": _of("olmo", COMMON, clip_qkv=0.9),
  "olmo2": _of("olmo2", GROUPED, rope_theta=5e5),
  "olmo3": _of(
    "olmo3", GROUPED, sliding_window=5, num_hidden_layers=5, rope_theta=5e5,
    rope_scaling=YARN | dict(attention_factor=1.2),
  ),
  "smollm3": _of("smollm3", GROUPED, num_hidden_layers=5, rope_theta=2e6),
  "gpt2": _of("gpt2", OLD),
  "gpt_neox": _of(
    "gpt_neox", COMMON, rotary_pct=0.5, rotary_emb_base=1e3,
    layer_norm_eps=1e-3,
  ),
  "gpt_neox-serial": _of("gpt_neox", COMMON, use_parallel_residual=False),
  "gptj": _of("gptj", OLD, rotary_dim=4),
  "phi": _of("phi", COMMON, partial_rotary_factor=0.5, layer_norm_eps=1e-3),
  "phi-normed": _of("phi", COMMON, qk_layernorm=True),
  "phi3": _of("phi3", GROUPED, sliding_window=5),
  "phi3-long": _of(
    "phi3", GROUPED, rope_scaling=LONG, original_max_position_embeddings=8
  ),
  "phi3-short": _of(
    "phi3", GROUPED, rope_scaling=LONG, original_max_position_embeddings=24
  ),
  "stablelm": _of(
    "stablelm", COMMON, num_key_value_heads=2, use_qkv_bias=True,
    layer_norm_eps=1e-3,
  ),
  "stablelm-2": _of(
    "stablelm", COMMON, num_key_value_heads=2, use_parallel_residual=True,
    qk_layernorm=True, partial_rotary_factor=0.5,
  ),
  "opt": _of("opt", COMMON, ffn_dim=48, word_embed_proj_dim=32),
  "opt-after": _of(
    "opt", COMMON, ffn_dim=48, word_embed_proj_dim=16,
    do_layer_norm_before=False,
  ),
}  # fmt: skip
SOURCE_TYPES = {"mistral": "BF16", "phi3": "BF16", "opt": "F16"}  # others: F32


def tokens() -> np.ndarray:
  """int64 [1, LENGTH + 1]; every other one is a target seen before."""
  return np.random.default_rng(3).integers(2, VOCABULARY, (1, LENGTH + 1))


def weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
  """A tensor by its name: float32 that is the same in every type of weights.

  Eight bits of its numbers alone: bfloat16 and float16 hold them.
  """
  # GPT-NeoX's output layer has a name in files and another in memory
  own = name.split("model.")[-1].replace("embed_out", "lm_head")
  draw = np.random.default_rng(zlib.crc32(own.encode()))
  x = draw.normal(0, 1, shape)
  if "norm" in own or ".ln_" in own:
    x = 0.25 * x + (0 if own.endswith("bias") else 0.75)
  elif own.endswith("bias"):
    x = 0.3 * x
  elif len(shape) == 2:
    embeds = "emb" in own or "wte" in own or "wpe" in own
    x = x * (0.25 if embeds else shape[-1] ** -0.5)
  return np.float32(np.round(np.clip(x, -3.9, 3.9) * 64) / 64)


def direction(name: str, shape: tuple[int, ...]) -> np.ndarray:
  """Along which a gradient is looked at, beside its size."""
  return np.random.default_rng(len(name)).normal(0, 1, shape)


def config_text(case: str) -> str:
  """The config.json of a model."""
  return json.dumps(CONFIGS[case])
