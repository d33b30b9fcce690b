"""Text that a model writes: batched, with keys and values kept, by seed.

Which token follows is a function of the parameters, of the seed, of the
sequence's number and of its position: batches of any size give the same text,
but for the last bits of the logits.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import functools
import hashlib
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from forgetting.config import InputError, Model
from forgetting.config.config_json import parse
from forgetting.config.method import FULL
from forgetting.config.transformer import PublicModel, Transformer
from forgetting.training import losses as losses_lib
from forgetting.training import methods, models, programs, sharding
from forgetting.training.models import cached
from forgetting.training.models.family import Params
from forgetting.training.public import own

STAGES = 2  # parts of the context, in each of which as much is looked back over
LOWEST = -40.0  # log of the least probable token's share of the likeliest's
HALVINGS = 32  # of that range, to find where a nucleus ends
LANES = 128
NONE = -1  # the token that follows from logits that are no numbers


@dataclasses.dataclass(frozen=True, eq=False)
class Sampler:
  """A compiled program that continues sequences up to the context.

  Attributes:
    rows: sequences at once.
    program: (params, tokens [B, L+1], given, number [B], seed, temperature,
      top_p) -> tokens.
    shardings: of the parameters.
    prepared: makes of a model's parameters those that it takes.
  """

  rows: int
  program: Callable
  shardings: Params
  prepared: Callable[[Params], Params]

  def to_devices(self, params: Params) -> Params:
    """A model's parameters as `continued` takes them."""
    return sharding.to_devices(self.prepared(params), self.shardings)

  def continued(
    self,
    params: Params,
    tokens_BxT: np.ndarray,
    *,
    given: int,
    number_B: np.ndarray,
    seed: int,
    temperature: float,
    top_p: float,
  ) -> np.ndarray:
    """Sequences, of which the first tokens are given.

    Args:
      params: of `to_devices`.
      tokens_BxT: int32 ids, T = context + 1; what follows the given ones is
        not read.
      given: tokens of each sequence, 1 or more.
      number_B: of the sequences: what tells their dice apart.
      seed: of all dice.
      temperature: by which logits are divided; 0: the likeliest token.
      top_p: share of the probability that the likeliest tokens must have; the
        others are left out.

    Returns:
      int32 [B, T].

    Raises:
      InputError: the model's logits are not finite.
    """
    out = self.program(
      params,
      np.asarray(tokens_BxT, np.int32),
      np.int32(given),
      np.asarray(number_B, np.uint32),
      np.uint32(seed),
      np.float32(temperature),
      np.float32(top_p),
    )
    tokens_BxT = np.asarray(out)
    if (tokens_BxT == NONE).any():
      raise InputError(
        "found logits that are not finite, expected numbers: the weights are"
        " not finite, or too large"
      )
    return tokens_BxT


@functools.cache
def compile_sampler(model: Model, *, rows: int) -> Sampler:
  """The program of a model; a second call is free.

  Args:
    model: of any family; our own decoder is sampled as the llama that it is.
    rows: sequences at once.

  Raises:
    InputError: sizes that do not divide over the devices.
  """
  public, prepared = as_public(model)
  method = methods.of(FULL, public)
  lies = programs.placed(method, models.shapes(public))
  mesh: Any = jax.tree.leaves(lies)[0].mesh
  everywhere = sharding.replicated(mesh)
  sample = jax.jit(
    functools.partial(_sample, model=public),
    in_shardings=(lies, *(everywhere,) * 6),
    out_shardings=everywhere,
  )
  length = model.context + 1
  told = (
    jax.ShapeDtypeStruct((rows, length), jnp.int32),
    jax.ShapeDtypeStruct((), jnp.int32),
    jax.ShapeDtypeStruct((rows,), jnp.uint32),
    jax.ShapeDtypeStruct((), jnp.uint32),
    jax.ShapeDtypeStruct((), jnp.float32),
    jax.ShapeDtypeStruct((), jnp.float32),
  )
  with jax.set_mesh(mesh):
    program = sample.lower(models.shapes(public), *told).compile()
  return Sampler(rows, program, lies, prepared)


def as_public(model: Model) -> tuple[PublicModel, Callable[[Params], Params]]:
  """The model as one of the public family, and what turns parameters so."""
  c = model.architecture
  if isinstance(c, Transformer):
    return PublicModel.of(c, context=model.context, dtype=model.dtype), _as_is
  as_llama = parse(own.config(c, context=model.context))
  public = PublicModel.of(as_llama, context=model.context, dtype=model.dtype)
  return public, functools.partial(_as_llama, architecture=c)


def _as_is(params: Params) -> Params:
  return params


def _as_llama(params: Params, *, architecture) -> Params:
  return own.as_llama(jax.tree.map(np.asarray, params), architecture)


def _sample(
  params,
  tokens_BxT,
  given,
  number_B,
  seed,
  temperature,
  top_p,
  *,
  model: PublicModel,
):
  c, numerics = model.architecture, model.numerics
  batch, context = tokens_BxT.shape[0], tokens_BxT.shape[1] - 1
  layers = cached.layers_of(params, c, numerics)
  head = losses_lib.head_of(params, model)
  dice_B = jax.vmap(jax.random.fold_in, (None, 0))(
    jax.random.key(seed), number_B
  )

  def one(position, state, *, seen: int):
    tokens_BxT, kept = state
    x_Bx1xD, kept = cached.step(
      params,
      layers,
      jax.lax.dynamic_index_in_dim(tokens_BxT, position, 1, keepdims=False),
      position,
      kept,
      c=c,
      numerics=numerics,
      seen=seen,
    )
    logits_BxV = losses_lib.logits(x_Bx1xD, head, model)[:, 0]
    thrown_B = jax.vmap(
      lambda key: jax.random.uniform(jax.random.fold_in(key, position))
    )(dice_B)
    chosen_B = choose(logits_BxV, thrown_B, temperature, top_p)
    known_B = jax.lax.dynamic_index_in_dim(
      tokens_BxT, position + 1, 1, keepdims=False
    )
    next_B = jnp.where(position + 1 < given, known_B, chosen_B)
    tokens_BxT = jax.lax.dynamic_update_slice_in_dim(
      tokens_BxT, next_B[:, None], position + 1, axis=1
    )
    return tokens_BxT, kept

  state = (
    tokens_BxT,
    cached.empty(c, numerics, rows=batch, context=context),
  )
  for first, last in stages(context):
    state = jax.lax.fori_loop(
      first, last, functools.partial(one, seen=last), state
    )
  return state[0]


def stages(context: int) -> list[tuple[int, int]]:
  """Spans of positions, each looking back over no more than its own end.

  Args:
    context: L.
  """
  ends = [round(context * i / STAGES) for i in range(STAGES + 1)]
  return [(a, b) for a, b in itertools.pairwise(ends) if a < b]


def choose(logits_BxV, thrown_B, temperature, top_p):
  """The next token of each sequence.

  Args:
    logits_BxV: float32.
    thrown_B: float32 in [0, 1), one die each.
    temperature: by which logits are divided; 0: the likeliest.
    top_p: the likeliest tokens that have this share together are kept.

  Returns:
    int32 [B]; `NONE` where the largest logit is not finite.
  """
  most_Bx1 = logits_BxV.max(-1, keepdims=True)
  greedy_B = jnp.argmax(logits_BxV, axis=-1).astype(jnp.int32)
  scale = jnp.where(temperature > 0, temperature, 1)
  log_BxV = (logits_BxV - most_Bx1) / scale
  share_BxV = jnp.exp(log_BxV)
  kept_BxV = jax.lax.cond(
    top_p < 1,
    lambda: jnp.where(_nucleus(log_BxV, share_BxV, top_p), share_BxV, 0),
    lambda: share_BxV,
  )
  chosen_B = jnp.where(temperature > 0, _drawn(kept_BxV, thrown_B), greedy_B)
  return jnp.where(jnp.isfinite(most_Bx1[:, 0]), chosen_B, NONE)


def _nucleus(log_BxV, share_BxV, top_p):
  """Which tokens are among the likeliest that together have a share.

  The fewest of them, but for ties. Where they end is found by halving, which
  takes less than sorting a large vocabulary.
  """
  wanted_B = top_p * share_BxV.sum(-1)

  def halved(_, ends):
    low_B, high_B = ends
    middle_B = (low_B + high_B) / 2
    mass_B = jnp.where(log_BxV >= middle_B[:, None], share_BxV, 0).sum(-1)
    enough_B = mass_B >= wanted_B
    return (
      jnp.where(enough_B, middle_B, low_B),
      jnp.where(enough_B, high_B, middle_B),
    )

  zero_B = jnp.zeros(log_BxV.shape[0])
  low_B, _ = jax.lax.fori_loop(0, HALVINGS, halved, (zero_B + LOWEST, zero_B))
  return log_BxV >= low_B[:, None]


def _drawn(share_BxV, thrown_B):
  """Tokens by their shares: a block of them first, then one of the block.

  One die decides both. A noise for each token, as of the Gumbel trick, takes
  as long as a small model.
  """
  batch, vocabulary = share_BxV.shape
  padded = jnp.pad(share_BxV, ((0, 0), (0, -vocabulary % LANES)))
  share_BxNxC = padded.reshape(batch, -1, LANES)
  block_B, rest_B = _first_above(
    share_BxNxC.sum(-1), lambda total_B: thrown_B * total_B
  )
  of_block_BxC = jnp.take_along_axis(
    share_BxNxC, block_B[:, None, None], axis=1
  )[:, 0]
  within_B, _ = _first_above(of_block_BxC, lambda _: rest_B)
  return (block_B * LANES + within_B).astype(jnp.int32)


def _first_above(share_BxM, asked):
  """The first entry up to which shares sum to more than is asked for.

  Args:
    share_BxM: none below 0.
    asked: total [B] -> what is asked for [B], below the total but for rounding.

  Returns:
    (index [B], what of the asked is left within that entry [B]).
  """
  sums_BxM = jnp.cumsum(share_BxM, axis=-1)
  total_B = sums_BxM[:, -1]
  asked_B = jnp.minimum(asked(total_B), jnp.nextafter(total_B, 0.0))
  index_B = jnp.argmax(sums_BxM > asked_B[:, None], axis=-1)
  upto_B = jnp.take_along_axis(sums_BxM, index_B[:, None], axis=1)[:, 0]
  own_B = jnp.take_along_axis(share_BxM, index_B[:, None], axis=1)[:, 0]
  return index_B, jnp.maximum(asked_B - (upto_B - own_B), 0)


def weights_sha256(params: Params) -> str:
  """Hash of parameters by their paths and values.

  Args:
    params: of a model, on the host or on the devices.
  """
  digest = hashlib.sha256()
  for path, leaf in jax.tree_util.tree_leaves_with_path(params):
    array = np.asarray(leaf)
    digest.update(f"{path} {array.dtype} {array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
  return digest.hexdigest()
