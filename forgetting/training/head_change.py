"""What a fine-tuning would do to other text had it changed the head alone.

The fixed-logit forecast of Jin & Ren (arXiv 2402.01865). With h(x) the states
that the output layer reads, f0 and fi the logits before and after, and x the
task's own text,

  f(x_j) = f0(x_j) + h(x_j) h(x)' [h(x) h(x)']^-1 [fi(x) - f0(x)]

of which the last factors are the least change dW of the head that does to the
task's text what the fine-tuning did. It is exact where only the head was tuned
and the text has as many tokens as h is wide.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from forgetting.training import losses as losses_lib
from forgetting.training import models
from forgetting.training.gradients import in_parts

MICRO = 8  # sequences at a time
RIDGE = 1e-5  # of the mean squared state: for text that does not say it all


@functools.partial(jax.jit, static_argnames="model")
def _moments(params, tuned, tokens_MxL, weights_MxL, *, model):
  x_MxLxD = models.hidden(params, tokens_MxL, model=model).astype(jnp.float32)
  before, after = (
    losses_lib.apply(p, tokens_MxL, model=model) for p in (params, tuned)
  )
  counted_MxL = (weights_MxL > 0).astype(jnp.float32)
  weighed_MxLxD = x_MxLxD * counted_MxL[..., None]
  return (
    jnp.einsum("mld,mle->de", weighed_MxLxD, x_MxLxD),
    jnp.einsum("mld,mlv->dv", weighed_MxLxD, after - before),
  )


@functools.partial(jax.jit, static_argnames="model")
def _rises(params, change_DxV, tokens_MxL, targets_MxL, weights_MxL, *, model):
  x_MxLxD = models.hidden(params, tokens_MxL, model=model).astype(jnp.float32)
  before = losses_lib.apply(params, tokens_MxL, model=model)
  after = before + x_MxLxD @ change_DxV

  def losses(logits_MxLxV):
    own = jnp.take_along_axis(logits_MxLxV, targets_MxL[..., None], -1)
    return jax.nn.logsumexp(logits_MxLxV, axis=-1) - own[..., 0]

  rise_MxL = (losses(after) - losses(before)) * weights_MxL
  return rise_MxL.sum(-1) / weights_MxL.sum(-1)


@functools.partial(jax.jit, static_argnames="model")
def _of_tokens(params, tuned, tokens_MxL, weights_MxL, *, model):
  before, after = (
    losses_lib.apply(p, tokens_MxL, model=model) for p in (params, tuned)
  )
  change_MxLxV = (after - before) * (weights_MxL > 0)[..., None]
  x_MxLxD = models.hidden(params, tokens_MxL, model=model)
  return x_MxLxD.astype(jnp.float16), change_MxLxV.astype(jnp.float16)


@functools.partial(jax.jit, static_argnames="model")
def _states(params, tokens_MxL, weights_MxL, *, model):
  del weights_MxL  # states are told of every token
  x_MxLxD = models.hidden(params, tokens_MxL, model=model)
  return x_MxLxD.astype(jnp.float16)


def of_tokens(
  params, tuned, chunks: np.ndarray, weights: np.ndarray, *, model
) -> tuple[np.ndarray, np.ndarray]:
  """States before, and what a fine-tuning did to the logits.

  Args:
    params: of the model before.
    tuned: after.
    chunks: [n, L+1] token ids, `MICRO` at a time.
    weights: [n, L], above 0 for targets that count.
    model: of both.

  Returns:
    float16 [n, L, D] and [n, L, V], 0 where no target counts.
  """
  parts = [
    _of_tokens(
      params,
      tuned,
      chunks[at : at + MICRO, :-1],
      weights[at : at + MICRO],
      model=model,
    )
    for at in range(0, len(chunks), MICRO)
  ]
  states_, changes = zip(*parts, strict=True)
  return np.concatenate(states_), np.concatenate(changes)


def states(params, chunks: np.ndarray, *, model) -> np.ndarray:
  """What the output layer reads at every token.

  Args:
    params: of the model.
    chunks: [n, L+1] token ids.
    model: of the parameters.

  Returns:
    float16 [n, L, D].
  """
  compute = functools.partial(_states, model=model)
  tokens = chunks[:, :-1]
  return in_parts(compute, params, tokens, np.ones(tokens.shape, np.float32))


def head(params, *, model) -> np.ndarray:
  """The output layer of a decoder of ours, as logits of states.

  Args:
    params: of the model.
    model: of the parameters.

  Returns:
    float32 [D + 1, V]; the last row is its bias.
  """
  found = losses_lib.head_of(params, model)
  matrix = np.asarray(found.matrix_VxD)[: model.vocab_size].T
  bias = np.zeros(len(matrix[0]))
  if found.bias_V is not None:
    bias = np.asarray(found.bias_V)[: model.vocab_size]
  return np.vstack([matrix, bias]).astype(np.float32)


def fitted(
  params, tuned, chunks: np.ndarray, weights: np.ndarray, *, model
) -> np.ndarray:
  """The least change of the head that does what a fine-tuning did.

  Args:
    params: of the model before.
    tuned: after.
    chunks: [n, L+1] token ids of the task's own text.
    weights: [n, L], above 0 for targets that count.
    model: of both.

  Returns:
    float64 [D, V], to be added to the head, without rows that pad.
  """
  square, product = np.zeros(()), np.zeros(())
  for at in range(0, len(chunks), MICRO):
    part = slice(at, at + MICRO)
    found = _moments(
      params, tuned, chunks[part, :-1], weights[part], model=model
    )
    square = square + np.asarray(found[0], np.float64)
    product = product + np.asarray(found[1], np.float64)
  ridge = RIDGE * np.trace(square) / len(square)
  return np.linalg.solve(square + ridge * np.eye(len(square)), product)


def rises(
  params, change: np.ndarray, chunks: np.ndarray, weights: np.ndarray, *, model
) -> np.ndarray:
  """How much a change of the head raises the loss of sequences.

  Args:
    params: of the model before.
    change: [D, V] of `fitted`.
    chunks: [n, L+1] token ids.
    weights: [n, L], of the targets.
    model: of the parameters.

  Returns:
    float64 [n], nats per token.
  """
  fill = -len(chunks) % MICRO
  chunks, weights = (
    np.concatenate([rows, np.repeat(rows[-1:], fill, axis=0)])
    for rows in (chunks.astype(np.int32), weights)
  )
  change = change.astype(np.float32)
  parts = [
    _rises(
      params,
      change,
      chunks[at : at + MICRO, :-1],
      chunks[at : at + MICRO, 1:],
      weights[at : at + MICRO],
      model=model,
    )
    for at in range(0, len(chunks), MICRO)
  ]
  return np.concatenate(parts).astype(np.float64)[: len(chunks) - fill]
