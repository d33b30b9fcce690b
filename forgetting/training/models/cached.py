"""The decoder of public checkpoints a token at a time, keys and values kept.

Shapes as in `transformer`; P pairs of channels that turn. Layers are unrolled:
what they keep is written in place, and nothing of it is copied.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from forgetting.config.model import Numerics
from forgetting.config.transformer import Transformer
from forgetting.training import sharding
from forgetting.training.models import rotary, transformer
from forgetting.training.models.family import Params


class Kept(NamedTuple):
  """Keys and values of one layer, of all tokens so far: [B, G, L, K] each."""

  keys: jax.Array
  values: jax.Array


def empty(
  c: Transformer, numerics: Numerics, *, rows: int, context: int
) -> tuple[Kept, ...]:
  """What the layers have kept before the first token.

  Args:
    c: the architecture.
    numerics: of the model.
    rows: sequences, B.
    context: tokens of the longest, L.
  """
  shape = (rows, c.kv_heads, context, c.head_size)
  zeros = jnp.zeros(shape, numerics.dtype)
  return (Kept(zeros, zeros),) * c.layers


def layers_of(params: Params, c: Transformer, numerics: Numerics):
  """The parameters of each layer, in the type of products.

  Taken apart once, not at every token.
  """
  stacked = transformer.cast(params["layers"], numerics.dtype)
  return tuple(
    jax.tree.map(lambda x, at=i: x[at], stacked) for i in range(c.layers)
  )


def step(
  params: Params,
  layers: tuple[Params, ...],
  tokens_B,
  position,
  kept: tuple[Kept, ...],
  *,
  c: Transformer,
  numerics: Numerics,
  seen: int | None = None,
):
  """Reads one more token of every sequence.

  Args:
    params: as of `transformer.hidden`; `layers` stands for those in it.
    layers: of `layers_of`.
    tokens_B: int32 ids.
    position: of the tokens, counted from 0; traced.
    kept: of the tokens before.
    c: the architecture.
    numerics: of the model.
    seen: tokens that are looked back over, above `position`; all by default.

  Returns:
    (what the output layer reads [B, 1, D], kept).
  """
  context = kept[0].keys.shape[2]
  rows = c.position_offset + jnp.reshape(position, (1,))
  x_Bx1xD = transformer.embedded(
    params, tokens_B[:, None], c, jnp.dtype(numerics.dtype), rows=rows
  )
  x_Bx1xD = sharding.by_rows(x_Bx1xD)
  ropes = tuple(one.rope for one in c.kinds)
  # of the whole context, on whose length some scalings depend
  tables = rotary.tables(ropes, c.rotary_size, context) if c.rotary_size else ()
  out = []
  for layer, before, kind in zip(layers, kept, c.pattern, strict=True):
    now: list[Kept] = []
    angles = [jnp.asarray(table[kind])[position][None] for table in tables]
    attend = functools.partial(
      _attention,
      p=layer,
      c=c,
      angles=angles or None,
      window=c.kinds[kind].window,
      position=position,
      kept=before,
      seen=seen or context,
      now=now,
    )
    x_Bx1xD = transformer.block(x_Bx1xD, layer, c, attend)
    out += now
  return transformer.closed(x_Bx1xD, params, c), tuple(out)


def _attention(
  x_Bx1xD, *, p, c: Transformer, angles, window, position, kept, seen, now
):
  """Of one query over what is kept; `now` gets what is kept after it."""
  q, k, v = transformer.heads_of(x_Bx1xD, p, c, angles)
  keys, values = (
    jax.lax.dynamic_update_slice_in_dim(
      before, new.transpose(0, 2, 1, 3), position, axis=2
    )
    for before, new in ((kept.keys, k), (kept.values, v))
  )
  now.append(Kept(keys, values))
  batch, _, heads, size = q.shape
  groups = keys.shape[1]
  q_BxGxRxK = (q * c.attention_scale).reshape(
    batch, groups, heads // groups, size
  )
  scores_BxGxRxL = jnp.einsum(
    "bgrk,bglk->bgrl",
    q_BxGxRxK,
    keys[:, :, :seen],
    preferred_element_type=jnp.float32,
  )
  if c.attention_cap is not None:
    scores_BxGxRxL = c.attention_cap * jnp.tanh(
      scores_BxGxRxL / c.attention_cap
    )
  back_L = position - np.arange(seen)
  visible_L = back_L >= 0
  if window is not None:
    visible_L &= back_L < window
  scores_BxGxRxL = jnp.where(visible_L, scores_BxGxRxL, -jnp.inf)
  weights = jax.nn.softmax(scores_BxGxRxL).astype(values.dtype)
  out_BxGxRxK = jnp.einsum("bgrl,bglk->bgrk", weights, values[:, :, :seen])
  return transformer.dense(out_BxGxRxK.reshape(batch, 1, -1), p["out"])
