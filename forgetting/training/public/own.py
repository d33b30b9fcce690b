"""Our own decoder as a llama, which can hold it exactly.

Its MLP has no gate: the llama's second hidden layer is 1, by a bias. Its
embedding is scaled by sqrt(width) on the way in alone: the llama's is, and its
output layer is not tied to it.
"""

from typing import Any

import numpy as np

from forgetting.config.model import Decoder
from forgetting.training.models.family import Params
from forgetting.training.public.reading import nested
from forgetting.training.public.writing import flat

EPSILON = 1e-6  # of Flax's RMSNorm


def config(architecture: Decoder, *, context: int) -> dict[str, Any]:
  """The config.json of that llama.

  Args:
    architecture: of our own.
    context: tokens of the sequences that it was trained on.
  """
  c = architecture
  return dict(
    architectures=["LlamaForCausalLM"],
    model_type="llama",
    vocab_size=c.vocab_size,
    hidden_size=c.width,
    intermediate_size=4 * c.width,
    num_hidden_layers=c.layers,
    num_attention_heads=c.heads,
    num_key_value_heads=c.heads,
    head_dim=c.width // c.heads,
    hidden_act="gelu_pytorch_tanh",
    max_position_embeddings=context,
    rms_norm_eps=EPSILON,
    rope_theta=10_000.0,
    attention_bias=False,
    mlp_bias=True,
    tie_word_embeddings=False,
    torch_dtype="float32",
  )


def as_llama(params: Params, architecture: Decoder) -> Params:
  """The parameters of that llama, float32 numpy.

  Args:
    params: of our own decoder.
    architecture: of it.
  """
  ours, c = flat(params), architecture
  layers, width, hidden = c.layers, c.width, 4 * c.width
  qkv = ours["layers/qkv/kernel"].reshape(layers, width, 3, width)
  table = ours["embed/embedding"]
  theirs = {
    "embed/embedding": table * np.float32(np.sqrt(width)),
    "head/embedding": table,
    "layers/out/kernel": ours["layers/out/kernel"].reshape(
      layers, width, width
    ),
    "layers/gate/kernel": ours["layers/up/kernel"],
    "layers/gate/bias": np.zeros((layers, hidden), np.float32),
    "layers/up/kernel": np.zeros((layers, width, hidden), np.float32),
    "layers/up/bias": np.ones((layers, hidden), np.float32),
    "layers/down/kernel": ours["layers/down/kernel"],
    "layers/down/bias": np.zeros((layers, width), np.float32),
  }
  for i, name in enumerate("qkv"):
    theirs[f"layers/{name}/kernel"] = qkv[:, :, i]
  for name in ("layers/attention_norm", "layers/mlp_norm", "final_norm"):
    theirs[f"{name}/scale"] = ours[f"{name}/scale"]
  return nested(theirs)
