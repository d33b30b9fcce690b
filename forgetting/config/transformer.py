"""The architecture of public checkpoints: one decoder with switches.

Which switch a family sets is in `forgetting.config.config_json`; what is done
with them in `forgetting.training.models.transformer`.
"""

import dataclasses
import functools
import math
from typing import Literal

from forgetting.config.checks import check
from forgetting.config.model import Decoder, Dtype, Model, Remat, _part
from forgetting.config.ranges import Count, Positive, Whole
from forgetting.config.rope import LayerKind

FAMILIES = (
  "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text",
  "olmo", "olmo2", "olmo3", "smollm3", "gpt2", "gpt_neox", "gptj", "phi",
  "phi3", "stablelm", "opt",
)  # fmt: skip
Norm = Literal["rms", "layer", "plain"]
Placement = Literal["pre", "post", "sandwich", "parallel", "shared", "after"]
HeadNorm = Literal["none", "head", "each", "all"]
Biases = Literal["none", "qkv", "all"]
Activation = Literal["silu", "gelu", "gelu_tanh", "relu", "relu2", "quick_gelu"]
Shapes = dict[str, tuple[int, ...]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transformer(Decoder):
  """A decoder with the switches in which public checkpoints differ.

  Attributes:
    family: the `model_type` of its config.json: decides names of tensors alone.
    max_context: tokens of the longest sequence it was made for.
    kv_heads: heads of keys and values, each for heads / kv_heads queries.
    head_size: channels of a head.
    hidden: channels of the MLP's hidden layer.
    norm: RMSNorm; LayerNorm with scale and bias; or LayerNorm without either.
    norm_eps: what is added to the variance.
    norm_offset: whether the scale is 1 + weight.
    placement: of norms n about f: pre x + f(n(x)), post x + n(f(x)), sandwich
      x + n2(f(n1(x))), after n(x + f(x)); parallel: attention and MLP read the
      same x, each behind a norm of its own; shared: behind one.
    final_norm: whether the last layer is followed by one.
    head_norm: of queries and keys before they are turned: none; a head, by one
      scale for all heads; each head by its own; or all heads as one.
    head_norm_bias: whether it has a bias, where norms have any.
    activation: of the hidden layer, by jax.nn's names; gelu is the exact one.
    gated: whether the activation multiplies a second hidden layer.
    attention_bias: of which of its products.
    mlp_bias: whether its products have one.
    kinds: what layers may differ in.
    pattern: for each layer, which of `kinds` it is.
    rotary_size: channels of a head that are turned; 0 where none are.
    rotary_pairs: whether channel i turns with i + half of them, or neighbours.
    positions: rows of learned positions; 0: none.
    position_offset: row of the first position.
    attention_scale: by which scores are multiplied.
    attention_cap, logit_cap: c in c tanh(x / c), of scores and of logits.
    clip: queries, keys and values are cut at plus and minus this.
    scaled_embedding: whether embeddings are multiplied by sqrt(width).
    embedding_size: channels of the embedding where they are not `width`.
    tied: whether the output layer is the embedding.
    output_bias: whether it has a bias.
  """

  family: str
  max_context: Count
  kv_heads: Count
  head_size: Count
  hidden: Count
  norm: Norm = "rms"
  norm_eps: Positive = 1e-5
  norm_offset: bool = False
  placement: Placement = "pre"
  final_norm: bool = True
  head_norm: HeadNorm = "none"
  head_norm_bias: bool = False
  activation: Activation = "silu"
  gated: bool = True
  attention_bias: Biases = "none"
  mlp_bias: bool = False
  kinds: tuple[LayerKind, ...] = (LayerKind(),)
  pattern: tuple[Whole, ...] = ()
  rotary_size: Whole = 0
  rotary_pairs: Literal["halves", "neighbours"] = "halves"
  positions: Whole = 0
  position_offset: Whole = 0
  attention_scale: Positive
  attention_cap: Positive | None = None
  logit_cap: Positive | None = None
  clip: Positive | None = None
  scaled_embedding: bool = False
  embedding_size: Count | None = None
  tied: bool = False
  output_bias: bool = False

  def _check(self) -> None:
    check(
      self.family in FAMILIES,
      "Transformer.family",
      self.family,
      f"one of {', '.join(FAMILIES)}",
    )
    check(
      self.heads % self.kv_heads == 0,
      "Transformer.kv_heads",
      self.kv_heads,
      f"a divisor of the {self.heads} heads",
    )
    check(
      self.rotary_size % 2 == 0 and self.rotary_size <= self.head_size,
      "Transformer.rotary_size",
      self.rotary_size,
      f"an even number, at most head_size = {self.head_size}",
    )
    known = all(kind < len(self.kinds) for kind in self.pattern)
    check(
      known and len(self.pattern) == self.layers,
      "Transformer.pattern",
      self.pattern,
      f"for each of the {self.layers} layers one of {len(self.kinds)} kinds",
    )

  @functools.cached_property
  def layer_shapes(self) -> Shapes:
    """Path of a parameter within a layer -> its shape."""
    width, size, hidden = self.width, self.head_size, self.hidden
    queries, keys = self.heads * size, self.kv_heads * size
    out: Shapes = {}
    for name in self._norms():
      out |= self._norm_shapes(name, width)
    products = {
      "q": (width, queries), "k": (width, keys), "v": (width, keys),
      "out": (queries, width),
    }  # fmt: skip
    biased = {"none": (), "qkv": ("q", "k", "v"), "all": tuple(products)}
    with_bias = {*biased[self.attention_bias]}
    mlp = {"up": (width, hidden), "down": (hidden, width)}
    mlp |= {"gate": (width, hidden)} if self.gated else {}
    with_bias |= {*mlp} if self.mlp_bias else set()
    for name, shape in (products | mlp).items():
      out[f"{name}/kernel"] = shape
      if name in with_bias:
        out[f"{name}/bias"] = shape[1:]
    return out | self._head_norm_shapes()

  def _norms(self) -> tuple[str, ...]:
    post = ("attention_post_norm", "mlp_post_norm")
    return {
      "post": post,
      "sandwich": ("attention_norm", "mlp_norm", *post),
      "shared": ("attention_norm",),
    }.get(self.placement, ("attention_norm", "mlp_norm"))

  def _norm_shapes(self, name: str, *shape: int) -> Shapes:
    kinds = {"rms": ("scale",), "layer": ("scale", "bias"), "plain": ()}
    return {f"{name}/{part}": shape for part in kinds[self.norm]}

  def _head_norm_shapes(self) -> Shapes:
    out: Shapes = {}
    for name, heads in (("q_norm", self.heads), ("k_norm", self.kv_heads)):
      shape = {
        "none": None,
        "head": (self.head_size,),
        "each": (heads, self.head_size),
        "all": (heads * self.head_size,),
      }[self.head_norm]
      if shape:
        out[f"{name}/scale"] = shape
        out |= {f"{name}/bias": shape} if self.head_norm_bias else {}
    return out

  @functools.cached_property
  def shapes(self) -> Shapes:
    """Path of a parameter -> its shape, as it is stored: rows padded."""
    embedding = self.embedding_size or self.width
    table = (self.padded_vocab_size, embedding)
    out: Shapes = {"embed/embedding": table}
    if self.positions:
      out["positions/embedding"] = (self.positions, self.width)
    if self.embedding_size:
      out["project_in/kernel"] = (embedding, self.width)
      out["project_out/kernel"] = (self.width, embedding)
    for path, shape in self.layer_shapes.items():
      out[f"layers/{path}"] = (self.layers, *shape)
    if self.final_norm:
      out |= self._norm_shapes("final_norm", self.width)
    if not self.tied:
      out["head/embedding"] = table
    if self.output_bias:
      out["head/bias"] = table[:1]
    return out

  @property
  def stored_params(self) -> int:
    """All parameters, with the rows that pad the embedding."""
    return sum(map(math.prod, self.shapes.values()))

  @property
  def total_params(self) -> int:
    """All parameters of the checkpoint."""
    padding = self.padded_vocab_size - self.vocab_size
    of_a_row = (self.embedding_size or self.width) * (1 if self.tied else 2)
    return self.stored_params - padding * (of_a_row + self.output_bias)

  @property
  def model_params(self) -> int:
    """Non-embedding parameters, N: without tokens, positions, output layer."""
    tables = ("embed/", "positions/", "head/")
    return sum(
      math.prod(shape)
      for path, shape in self.shapes.items()
      if not path.startswith(tables)
    )

  def training_flops(self, context: int) -> int:
    """Training FLOPs a token: 6 x matrices, attention as a full square."""
    matrices = sum(
      math.prod(shape)
      for path, shape in self.shapes.items()
      if path.endswith("kernel")
    )
    head = self.vocab_size * (self.embedding_size or self.width)
    square = 12 * self.layers * self.heads * self.head_size * context
    return 6 * (matrices + head) + square

  def over_devices(self) -> dict[str, dict[str, int]]:
    """Axis of the mesh -> the sizes that lie over it and must divide."""
    data = {"width": self.width}
    if self.embedding_size:
      data["embedding_size"] = self.embedding_size
    model = {
      "kv_heads": self.kv_heads,
      "hidden": self.hidden,
      "vocab_size": self.padded_vocab_size,
    }
    return {"data": data, "model": model}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PublicModel(Model, Transformer):
  """A public architecture, the sequences that it reads, how it is computed."""

  def _check(self) -> None:
    Transformer._check(self)
    check(
      self.context <= self.max_context,
      "Model.context",
      self.context,
      f"at most the {self.max_context} tokens that the model was made for",
    )

  @functools.cached_property
  def architecture(self) -> Transformer:
    """What the model is, whatever it reads and however it is computed."""
    return _part(self, Transformer)

  @classmethod
  def of(
    cls,
    architecture: Transformer,
    *,
    context: int,
    dtype: Dtype = "float32",
    remat: Remat = "none",
  ) -> "PublicModel":
    """A model of that architecture.

    Args:
      architecture: as its config.json says.
      context: tokens a sequence.
      dtype, remat: as of `Numerics`.

    Raises:
      InputError: a context longer than the model has.
    """
    values = {
      field.name: getattr(architecture, field.name)
      for field in dataclasses.fields(architecture)
    }
    return cls(**values, context=context, dtype=dtype, remat=remat)
