"""Elastic weight consolidation: a pull to base, weight by weight.

The Fisher information of a token is estimated with tokens that the model
itself says after each prefix of real text (Kunstner, Balles & Hennig 2019,
arXiv 1905.12558, on why not with the tokens of the text). Given the text, the
scores of such tokens are independent with mean zero: so the square of their
sum over a sequence is, on average, the sum of their squares, and one gradient
a sequence is enough.
"""

import functools

import jax
import jax.numpy as jnp

from forgetting.config import Model
from forgetting.training import losses as losses_lib
from forgetting.training.methods.l2sp import L2SP
from forgetting.training.methods.method import Text
from forgetting.training.models.family import Params


class EWC(L2SP):
  """Adds strength / 2 x sum of F (weight - base)^2 to the loss of a token."""

  def shapes(self) -> tuple[Params, Params]:
    """The information has the shapes of the weights."""
    trained, start = super().shapes()
    return trained, start | dict(information=start["start"])

  def frozen(self, params: Params, *, text: Text | None = None) -> Params:
    """Where it started, and the information about each weight there."""
    start = super().frozen(params)
    if text is None:
      return start
    chunks, weights = text(self.config.sequences)
    found = information(params, chunks, weights, model=self.model)
    return start | dict(information=found)

  def distance(self, trained: Params, frozen: Params) -> jax.Array:
    """The same, each square times its weight's information."""
    squares = jax.tree.map(
      lambda x, start, f: (f * jnp.square(x - start)).sum(),
      trained,
      frozen["start"],
      frozen["information"],
    )
    return sum(jax.tree.leaves(squares), start=jnp.zeros(()))


@functools.partial(jax.jit, static_argnames="model")
def information(params, chunks_NxL1, weights_NxL, *, model: Model) -> Params:
  """Diagonal of the Fisher information of a token, by parameter.

  Args:
    params: of the model, float32.
    chunks_NxL1: int32, sequences of text and their next tokens.
    weights_NxL: 1 for targets that count.
    model: whose parameters they are.

  Returns:
    float32, as the parameters: the mean over tokens of the squared slope of a
    token's log-probability.
  """

  def nats(params, tokens_1xL, weights_L, key):
    logits_LxV = losses_lib.apply(params, tokens_1xL, model=model)[0]
    said_L = jax.random.categorical(key, jax.lax.stop_gradient(logits_LxV))
    log_LxV = jax.nn.log_softmax(logits_LxV)
    said = jnp.take_along_axis(log_LxV, said_L[:, None], axis=-1)[:, 0]
    return (said * weights_L).sum()

  def add(sums, one):
    chunk, weights_L, key = one
    slopes = jax.grad(nats)(params, chunk[None, :-1], weights_L, key)
    return jax.tree.map(lambda s, g: s + jnp.square(g), sums, slopes), None

  keys = jax.random.split(jax.random.key(0), len(chunks_NxL1))
  zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, jnp.float32), params)
  sums, _ = jax.lax.scan(add, zeros, (chunks_NxL1, weights_NxL, keys))
  return jax.tree.map(lambda s: s / weights_NxL.sum(), sums)
