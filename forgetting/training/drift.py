"""How far a run has gone from its base: in what it says, and in its weights.

KL(base, now) on target text is said to predict forgetting whatever the method
(arXiv 2509.04259); the distance of the weights is what it is held against.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from forgetting.config import canonical
from forgetting.training import (
  compilation,
  divergence,
  evaluate,
  shapes,
  sharding,
)
from forgetting.training.methods.method import Method


class Drift(NamedTuple):
  """The programs that measure it; both take what is trained now and at base.

  Attributes:
    divergences: ((now, start), frozen, chunks [E, L+1], weights [E, L]) -> [E],
      the mean KL(base, now) of each sequence, nats a token.
    distance: (now, start, frozen) -> |weights now - at base| / |at base|.
  """

  divergences: Callable
  distance: Callable


def compile_drift(method: Method, mesh, lies) -> Drift:
  """Both programs of what a method has trained.

  Args:
    method: merges what is trained with what is frozen.
    mesh: over its axis `data` lie the sequences.
    lies: shardings of both.
  """
  shares, everywhere = mesh.shape["data"], sharding.replicated(mesh)
  (trained, frozen), (trained_lies, frozen_lies) = method.shapes(), lies

  def divergences(both, frozen, chunks_ExL1, weights_ExL):
    now, start = (method.merge(params, frozen) for params in both)

    def of_tokens(tokens_MxL, _):
      return divergence.token_divergences(
        now, start, tokens_MxL, model=method.model
      )

    return evaluate.block_means(
      of_tokens, chunks_ExL1, weights_ExL, shares=shares
    )

  def distance(now, start, frozen):
    now, start = (method.merged(params, frozen) for params in (now, start))
    moved = jax.tree.map(lambda x, y: jnp.square(x - y).sum(), now, start)
    sizes = jax.tree.map(lambda x: jnp.square(x).sum(), start)
    squares = (sum(jax.tree.leaves(tree)) for tree in (moved, sizes))
    return jnp.sqrt(jnp.divide(*squares))

  by_tokens = jax.jit(
    divergences,
    in_shardings=((trained_lies,) * 2, frozen_lies, everywhere, everywhere),
    out_shardings=everywhere,
  )
  by_weights = jax.jit(
    distance,
    in_shardings=(trained_lies, trained_lies, frozen_lies),
    out_shardings=everywhere,
  )
  block = shapes.block(method.model, evaluate.BLOCK * shares)
  # a key of its own: the step's and the losses' lock is not held here
  key = "drift" + canonical.to_json(method.model)
  with compilation.one_at_a_time(key), jax.set_mesh(mesh):
    return Drift(
      by_tokens.lower((trained, trained), frozen, *block).compile(),
      by_weights.lower(trained, trained, frozen).compile(),
    )
