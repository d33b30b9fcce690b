"""The decoder of public checkpoints: one function with switches.

Shapes: B batch, L sequence, D width, H heads, G heads of keys and values, K
head size, F hidden, N layers, V vocabulary. Parameters are a plain dict, those
of the layers stacked; kernels are [N, in, out]. Biases, scales of norms and
products that a family lacks need no switch: they are used where the
parameters hold them. What layers differ in (windows, frequencies) is picked
by a number a layer, so that all of them are one scan.
"""

from collections.abc import Callable
import functools
import zlib

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np

from forgetting.config.model import Numerics
from forgetting.config.transformer import Transformer
from forgetting.training import sharding
from forgetting.training.models import (
  adapters,
  attention,
  products,
  rotary,
  scanning,
)
from forgetting.training.models.family import (
  Kind,
  Kinds,
  Params,
  Rules,
  name_of,
)
from forgetting.training.public import names

# Where parameters lie on the mesh, by the end of their paths.
RULES: Rules = (
  (r"positions/embedding$", P(None, "data")),
  (r"embedding$", P("model", "data")),  # V D
  (r"head/bias$", P("model")),
  (r"(project_in|project_out)/kernel$", P(None, "data")),
  (r"(q|k|v|up|gate)/kernel$", P(None, "data", "model")),  # N D out
  (r"(q|k|v|up|gate)/bias$", P(None, "model")),
  (r"(out|down)/kernel$", P(None, "model", "data")),  # N in D
  (r"(out|down)/bias$", P()),
  (r"norm/(scale|bias)$", P()),
)

KINDS: Kinds = (
  (r"(embed|positions)/embedding$", Kind("embeddings")),
  (r"head/(embedding|bias)$", Kind("head")),
  (r"layers/.*kernel$", Kind("matrices", layered=True, inputs=1)),
  (r"kernel$", Kind("matrices", inputs=1)),
  (r"layers/.*(scale|bias)$", Kind("norms", layered=True)),
  (r"(scale|bias)$", Kind("norms")),
)
ADAPTS = True

ACTIVATIONS: dict[str, Callable] = {
  "silu": jax.nn.silu,
  "gelu": functools.partial(jax.nn.gelu, approximate=False),
  "gelu_tanh": jax.nn.gelu,
  "relu": jax.nn.relu,
  "relu2": lambda x: jnp.square(jax.nn.relu(x)),
  "quick_gelu": lambda x: x * jax.nn.sigmoid(1.702 * x),
}


def shapes(architecture: Transformer) -> Params:
  """Shapes of the parameters, without making any."""
  out: Params = {}
  for path, shape in architecture.shapes.items():
    *folders, name = path.split("/")
    inner = out
    for folder in folders:
      inner = inner.setdefault(folder, {})
    inner[name] = jax.ShapeDtypeStruct(shape, jnp.float32)
  return out


def init(architecture: Transformer, *, seed: int) -> Params:
  """Fresh parameters, float32 numpy: what is measured, never pretrained.

  Matrices are normal with variance 1 / fan-in, embeddings with 1 / width, as
  our own decoder's; norms and biases do nothing.
  """

  def leaf(path, shape):
    name = name_of(path)
    if name.endswith("bias"):
      return np.zeros(shape.shape, np.float32)
    if name.endswith("scale"):
      one = 0 if architecture.norm_offset else 1
      return np.full(shape.shape, one, np.float32)
    fan_in = shape.shape[-2 if name.endswith("kernel") else -1]
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return generator.normal(0, fan_in**-0.5, shape.shape).astype(np.float32)

  return jax.tree_util.tree_map_with_path(leaf, shapes(architecture))


def hidden(
  params: Params, tokens_BxL, *, architecture: Transformer, numerics: Numerics
):
  """What the output layer reads at every position.

  Args:
    params: as `shapes` has them; float32, or what is frozen bfloat16.
    tokens_BxL: int32 ids.
    architecture, numerics: of the model.

  Returns:
    [B, L, D] of the numerics' dtype, or as wide as the embedding is.
  """
  c, dtype = architecture, jnp.dtype(numerics.dtype)
  layers = cast(params["layers"], dtype)
  x_BxLxD = sharding.by_rows(embedded(params, tokens_BxL, c, dtype))
  block: Callable = functools.partial(_block, architecture=c)
  copies = scanning.unroll(c.layers)
  if numerics.remat != "none":
    keep = scanning.kept_by(numerics.remat)
    block = jax.checkpoint(block, policy=keep, prevent_cse=copies > 1)
  kinds_N = jnp.asarray(np.array(c.pattern, np.int32))
  x_BxLxD, _ = jax.lax.scan(block, x_BxLxD, (layers, kinds_N), unroll=copies)
  return closed(x_BxLxD, params, c)


def closed(x_BxLxD, params: Params, c: Transformer):
  """What the output layer reads, of what the last layer gives."""
  if c.final_norm:
    x_BxLxD = norm(x_BxLxD, params.get("final_norm"), c)
  if c.embedding_size:
    x_BxLxD = dense(x_BxLxD, cast(params["project_out"], x_BxLxD.dtype))
  return x_BxLxD


def embedded(params: Params, tokens_BxL, c: Transformer, dtype, rows=None):
  """What the first layer reads.

  Args:
    params: of the model.
    tokens_BxL: int32 ids.
    c: the architecture.
    dtype: of products.
    rows: of learned positions, where the tokens are not the first ones.

  Returns:
    [B, L, D].
  """
  x_BxLxD = params["embed"]["embedding"][tokens_BxL].astype(jnp.float32)
  if c.scaled_embedding:
    x_BxLxD *= np.float32(np.sqrt(c.width))
  if c.embedding_size:
    x_BxLxD = dense(x_BxLxD, params["project_in"])
  if c.positions:
    if rows is None:
      rows = slice(c.position_offset, c.position_offset + tokens_BxL.shape[1])
    x_BxLxD += params["positions"]["embedding"][rows]
  return x_BxLxD.astype(dtype)


def _block(x_BxLxD, layer, *, architecture: Transformer):
  p, kind = layer
  attend = functools.partial(_attention, p=p, kind=kind, c=architecture)
  return block(x_BxLxD, p, architecture, attend), None


def block(x_BxLxD, p: Params, c: Transformer, attend: Callable):
  """A layer: attention and an MLP, with norms where the family has them.

  Args:
    x_BxLxD: the residual stream before it.
    p: its parameters.
    c: the architecture.
    attend: its attention, [B, L, D] -> [B, L, D].
  """
  mlp = functools.partial(_mlp, p=p, c=c)

  def by(name, x):
    return norm(x, p.get(name), c)

  if c.placement in ("parallel", "shared"):
    read = by("attention_norm", x_BxLxD)
    other = read if c.placement == "shared" else by("mlp_norm", x_BxLxD)
    return x_BxLxD + attend(read) + mlp(other)
  if c.placement == "after":
    x_BxLxD = by("attention_norm", x_BxLxD + attend(x_BxLxD))
    return by("mlp_norm", x_BxLxD + mlp(x_BxLxD))
  before = c.placement in ("pre", "sandwich")
  after = c.placement in ("post", "sandwich")
  for name, change in (("attention", attend), ("mlp", mlp)):
    read = by(f"{name}_norm", x_BxLxD) if before else x_BxLxD
    found = change(read)
    x_BxLxD += by(f"{name}_post_norm", found) if after else found
  return x_BxLxD


def _attention(x_BxLxD, *, p: Params, kind, c: Transformer):
  batch, length, _ = x_BxLxD.shape
  angles = None
  if c.rotary_size:
    ropes = tuple(one.rope for one in c.kinds)
    angles = tuple(
      table[0] if len(c.kinds) == 1 else jnp.asarray(table)[kind]
      for table in rotary.tables(ropes, c.rotary_size, length)
    )
  q, k, v = heads_of(x_BxLxD, p, c, angles)
  out = attention.attend(
    q,
    k,
    v,
    scale=c.attention_scale,
    cap=c.attention_cap,
    windows=tuple(one.window for one in c.kinds),
    kind=kind,
  )
  return dense(out.reshape(batch, length, -1), p["out"])


def heads_of(x_BxLxD, p: Params, c: Transformer, angles):
  """Queries, keys and values by heads, turned by their positions.

  Args:
    x_BxLxD: what the attention reads.
    p: the layer's parameters.
    c: the architecture.
    angles: cosine and sine [L, P] of the positions; None where none turn.

  Returns:
    [B, L, H, K] and twice [B, L, G, K].
  """
  q, k, v = (dense(x_BxLxD, p[name]) for name in "qkv")
  if c.clip is not None:
    q, k, v = (jnp.clip(x, -c.clip, c.clip) for x in (q, k, v))
  if c.head_norm == "all":
    q, k = (norm(x, p[f"{n}_norm"], c) for x, n in ((q, "q"), (k, "k")))
  split = (*x_BxLxD.shape[:2], -1, c.head_size)
  q, k, v = (x.reshape(split) for x in (q, k, v))
  if c.head_norm in ("head", "each"):
    q, k = (norm(x, p[f"{n}_norm"], c) for x, n in ((q, "q"), (k, "k")))
  if angles is None:
    return q, k, v
  turn = functools.partial(
    rotary.turn,
    cos_LxP=jnp.asarray(angles[0]),
    sin_LxP=jnp.asarray(angles[1]),
    neighbours=c.rotary_pairs == "neighbours",
  )
  return turn(q), turn(k), v


def _mlp(x_BxLxD, *, p: Params, c: Transformer):
  activation = ACTIVATIONS[c.activation]
  up_BxLxF = dense(x_BxLxD, p["up"])
  if "gate" in p:
    hidden_BxLxF = activation(dense(x_BxLxD, p["gate"])) * up_BxLxF
  else:
    hidden_BxLxF = activation(up_BxLxF)
  return dense(hidden_BxLxF, p["down"])


def dense(x, p: Params):
  """The last axis of x by a kernel, and its bias if it has one."""
  kernel = p["kernel"].astype(x.dtype)
  if (a := "kernel" + adapters.A) in p:
    y = adapters.dense(x, kernel, p[a], p["kernel" + adapters.B])
  else:
    y = products.dense(x, kernel)
  return y + p["bias"].astype(x.dtype) if "bias" in p else y


def norm(x, p: Params | None, c: Transformer):
  """RMSNorm or LayerNorm over the last axes that its scale has, in float32."""
  wide = x.astype(jnp.float32)
  if c.norm != "rms":
    wide -= wide.mean(-1, keepdims=True)
  wide *= jax.lax.rsqrt(jnp.square(wide).mean(-1, keepdims=True) + c.norm_eps)
  if not p:
    return wide.astype(x.dtype)
  if c.norm_offset:
    return (wide * (1 + p["scale"].astype(jnp.float32))).astype(x.dtype)
  y = wide.astype(x.dtype) * p["scale"].astype(x.dtype)
  return y + p["bias"].astype(x.dtype) if "bias" in p else y


def fused(architecture: Transformer) -> tuple[tuple[str, ...], ...]:
  """Of modules that hold several matrices, as gpt2's c_attn."""
  return tuple(
    tuple(f"{path}/kernel" for path in module.paths)
    for module in names.modules(architecture)
    if len(module.paths) > 1
  )


def head(params: Params):
  """The output layer, [V, D]: its own, or the embedding."""
  own = params.get("head", {}).get("embedding")
  return params["embed"]["embedding"] if own is None else own


def head_bias(params: Params):
  """What it adds, [V], or None."""
  return params.get("head", {}).get("bias")


def logit_cap(architecture: Transformer) -> float | None:
  """Gemma 2's, or none."""
  return architecture.logit_cap


def is_decayed(path: str) -> bool:
  """Matrices are; by name, as stacked scales have two axes too."""
  return path.endswith(("kernel", "embedding"))


def fuses_attention(architecture: Transformer, numerics: Numerics) -> bool:
  """Whether cuDNN computes the attention where there is a GPU."""
  fits = attention.fits_cudnn(numerics.dtype, architecture.head_size)
  return fits and architecture.attention_cap is None


def values_kept(architecture: Transformer, numerics: Numerics) -> int:
  """Numbers that a layer keeps of a token for its gradients."""
  c = architecture
  if numerics.remat == "full":
    return c.width
  queries, keys = c.heads * c.head_size, c.kv_heads * c.head_size
  products = queries + 2 * keys + 2 * c.width + (1 + c.gated) * c.hidden
  if numerics.remat == "dots":
    return c.width + products
  # beside the products: two norms and two sums, what is turned, the result of
  # the attention, and the hidden layer behind its nonlinearity
  return 4 * c.width + products + 2 * queries + keys + (1 + c.gated) * c.hidden


def cast(params: Params, dtype) -> Params:
  """Matrices in the type of products, once and not once a layer."""
  return jax.tree_util.tree_map_with_path(
    lambda path, x: x.astype(dtype) if name_of(path).endswith("kernel") else x,
    params,
  )
