"""The program's own decoder, and everything that knows its parameters by name.

Shapes: B batch, L sequence, D width, H heads, K head size, F hidden, N layers,
V vocabulary. Parameters are a plain dict; those of the layers are stacked.
"""

import functools
import zlib

from flax import linen as nn
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np

from forgetting.config.model import Decoder, Numerics
from forgetting.training import sharding
from forgetting.training.models import (
  adapters,
  attention,
  products,
  scanning,
)
from forgetting.training.models.family import (
  Kind,
  Kinds,
  Params,
  Rules,
  name_of,
)

# Where parameters lie on the mesh, by the end of their paths.
RULES: Rules = (
  (r"embedding$", P("model", "data")),  # V D
  (r"qkv/kernel$", P(None, "data", None, "model", None)),  # N D 3 H K
  (r"out/kernel$", P(None, "model", None, "data")),  # N H K D
  (r"up/kernel$", P(None, "data", "model")),  # N D F
  (r"down/kernel$", P(None, "model", "data")),  # N F D
  (r"norm/scale$", P()),
)

KINDS: Kinds = (
  (r"embedding$", Kind("embeddings")),
  (r"layers/.*norm/scale$", Kind("norms", layered=True)),
  (r"norm/scale$", Kind("norms")),
  (r"out/kernel$", Kind("matrices", layered=True, inputs=2)),
  (r"kernel$", Kind("matrices", layered=True, inputs=1)),
)
ADAPTS = True

# Values that a layer keeps for its gradients, of a token, in widths: the input;
# with it qkv, rotated q and k, the attention's result and the hidden layer;
# with them both norms, the residual between and the hidden layer before its
# nonlinearity.
KEPT = {"full": 1, "dots": 10, "none": 20}


def _rotary(x_BxLxHxK):
  """Rotates pairs of channels by angles that grow with the position."""
  length, size = x_BxLxHxK.shape[1], x_BxLxHxK.shape[3]
  frequency = 10_000.0 ** (-np.arange(0, size, 2) / size)
  angle = np.outer(np.arange(length), frequency)[:, None, :]
  cos, sin = (jnp.asarray(f(angle), x_BxLxHxK.dtype) for f in (np.cos, np.sin))
  a, b = jnp.split(x_BxLxHxK, 2, axis=-1)
  return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def fuses_attention(architecture: Decoder, numerics: Numerics) -> bool:
  """Whether cuDNN computes the attention where there is a GPU.

  It stores no matrix of attention weights.
  """
  return attention.fits_cudnn(
    numerics.dtype, architecture.width // architecture.heads
  )


def _dot(x, kernel, dimension_numbers, precision=None):
  """What DenseGeneral multiplies by: it contracts last axes with first ones."""
  del precision  # the default
  return products.dense(x, kernel, axes=len(dimension_numbers[0][0]))


class Dense(nn.DenseGeneral):
  """A matrix, with the adapter that the parameters may hold beside it."""

  def __call__(self, x):
    if not self.has_variable("params", "kernel" + adapters.A):
      return super().__call__(x)
    p = self.variables["params"]
    kernel = p["kernel"].astype(x.dtype)
    return adapters.dense(
      x, kernel, p["kernel" + adapters.A], p["kernel" + adapters.B]
    )


class Block(nn.Module):
  """A layer: attention, then an MLP, each behind a norm and added on."""

  heads: int

  @nn.compact
  def __call__(self, x_BxLxD, _):
    width = x_BxLxD.shape[-1]
    norm = functools.partial(nn.RMSNorm, dtype=x_BxLxD.dtype)
    dense = functools.partial(
      Dense, use_bias=False, dot_general=_dot, dtype=x_BxLxD.dtype
    )

    h_BxLxD = norm(name="attention_norm")(x_BxLxD)
    qkv = dense((3, self.heads, width // self.heads), name="qkv")(h_BxLxD)
    # slices would have their gradients padded and added up
    q, k, v = (jnp.squeeze(x, 2) for x in jnp.split(qkv, 3, axis=2))
    h_BxLxHxK = attention.attend(
      _rotary(q), _rotary(k), v, scale=q.shape[3] ** -0.5
    )
    x_BxLxD += dense(width, axis=(-2, -1), name="out")(h_BxLxHxK)

    h_BxLxD = norm(name="mlp_norm")(x_BxLxD)
    h_BxLxF = nn.gelu(dense(4 * width, name="up")(h_BxLxD))
    x_BxLxD += dense(width, name="down")(h_BxLxF)
    return x_BxLxD, None


class Layers(nn.Module):
  """GPT-style: pre-norm, rotary positions, no biases, up to the last norm."""

  architecture: Decoder
  numerics: Numerics

  @nn.compact
  def __call__(self, tokens_BxL):
    c, remat = self.architecture, self.numerics.remat
    embed = nn.Embed(c.padded_vocab_size, c.width, name="embed")
    x_BxLxD = sharding.by_rows(embed(tokens_BxL))
    x_BxLxD *= np.float32(np.sqrt(c.width))
    unroll = scanning.unroll(c.layers)
    layers = nn.scan(
      _rematerialised(remat, unroll),
      variable_axes={"params": 0},
      split_rngs={"params": True},
      length=c.layers,
      unroll=unroll,
    )
    x_BxLxD = x_BxLxD.astype(self.numerics.dtype)
    x_BxLxD, _ = layers(c.heads, name="layers")(x_BxLxD, None)
    return nn.RMSNorm(dtype=x_BxLxD.dtype, name="final_norm")(x_BxLxD)


def _rematerialised(policy: str, unroll: int):
  """The block, or one that computes again what the policy does not keep."""
  if policy == "none":
    return Block
  # within a loop nothing is shared between the two passes anyway
  keep = scanning.kept_by(policy)
  return nn.remat(Block, policy=keep, prevent_cse=unroll > 1)


def shapes(architecture: Decoder) -> Params:
  """Shapes of the parameters, without making any."""
  tokens = jax.ShapeDtypeStruct((1, 2), jnp.int32)

  def init(tokens_BxL):
    # the key is made inside: outside it would be a program of its own
    layers = Layers(architecture, Numerics())
    return layers.init(jax.random.key(0), tokens_BxL)

  return jax.eval_shape(init, tokens)["params"]


def init(architecture: Decoder, *, seed: int) -> Params:
  """Fresh parameters, float32 numpy: a jitted init costs seconds to compile.

  All are normal with variance 1 / fan-in, but the kernels that write to the
  residual stream are smaller by sqrt(2 layers), as in GPT-2. Embeddings enter
  the residual stream at unit size: with GPT-2's 0.02 the quickstart's models
  of 25k and 99k parameters ended their pretraining 0.06 and 0.09 nats higher.
  """
  width, layers = architecture.width, architecture.layers

  def leaf(path, shape):
    name = name_of(path)
    if name.endswith("norm/scale"):
      return np.ones(shape.shape, np.float32)
    deviation = width**-0.5
    if name.endswith(("out/kernel", "down/kernel")):
      deviation /= np.sqrt(2 * layers)
    if name.endswith("down/kernel"):
      deviation /= 2  # its fan-in is 4 x width
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if name == "embed/embedding":
      table = np.zeros(shape.shape, np.float32)
      size = (architecture.vocab_size, width)
      table[: architecture.vocab_size] = generator.normal(0, deviation, size)
      return table
    return generator.normal(0, deviation, shape.shape).astype(np.float32)

  return jax.tree_util.tree_map_with_path(leaf, shapes(architecture))


def hidden(
  params: Params, tokens_BxL, *, architecture: Decoder, numerics: Numerics
):
  """What the output layer reads at every position.

  Args:
    params: float32, as `shapes` has them.
    tokens_BxL: int32 ids.
    architecture, numerics: of the model.

  Returns:
    [B, L, D] of the numerics' dtype.
  """
  if numerics.dtype != "float32":
    params = _cast(params, numerics.dtype)
  return Layers(architecture, numerics).apply({"params": params}, tokens_BxL)


def fused(architecture: Decoder) -> tuple[tuple[str, ...], ...]:
  """None: what is one matrix in a file is one here."""
  del architecture
  return ()


def head(params: Params):
  """The output layer, [V, D]: the embedding."""
  return params["embed"]["embedding"]


def head_bias(params: Params) -> None:
  """It has none."""
  del params


def logit_cap(architecture: Decoder) -> None:
  """There is none."""
  del architecture


def is_decayed(path: str) -> bool:
  """Matrices are. By name: scanned scales have two axes too."""
  return path.endswith(("kernel", "embedding"))


def values_kept(architecture: Decoder, numerics: Numerics) -> int:
  """Numbers that a layer keeps of a token for its gradients."""
  return KEPT[numerics.remat] * architecture.width


def _cast(params: Params, dtype: str) -> Params:
  """The matrices of the layers, once and not once a layer."""

  def leaf(path, x):
    return x.astype(dtype) if name_of(path).endswith("kernel") else x

  return jax.tree_util.tree_map_with_path(leaf, params)
