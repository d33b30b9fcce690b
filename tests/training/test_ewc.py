import dataclasses

import jax
import numpy as np
from plain_model import PLAIN, batch_of
import pytest

from forgetting.config import EWC
from forgetting.training import divergence, losses, methods, models
from forgetting.training.methods.ewc import information

MODEL = dataclasses.replace(PLAIN, width=8, vocab_size=12, context=8)


@pytest.fixture(scope="module")
def params():
  return models.init(MODEL, seed=0)


def text(count: int):
  draw = np.random.default_rng(0)
  chunks = draw.integers(0, MODEL.vocab_size, (count, 9), np.int32)
  return chunks, np.ones((count, 8), np.float32)


@pytest.fixture(scope="module")
def found(params):
  return information(params, *text(4096), model=MODEL)


def test_it_is_the_mean_square_of_the_scores_of_a_token(params, found):
  """Summed over every token that could be said, weighted by how likely."""
  chunks, _ = text(64)

  @jax.jit
  def exact(params):
    def log_of(params, chunk, place, said):
      logits = losses.apply(params, chunk[None, :-1], model=MODEL)[0]
      return jax.nn.log_softmax(logits[place])[said]

    slopes = jax.vmap(
      jax.vmap(
        jax.vmap(jax.value_and_grad(log_of), (None, None, None, 0)),
        (None, None, 0, None),
      ),
      (None, 0, None, None),
    )(params, chunks, np.arange(8), np.arange(12))
    chance = np.exp(1) ** slopes[0]

    def leaf(x):
      weights = chance.reshape(*chance.shape, *[1] * (x.ndim - 3))
      return (weights * x**2).sum(2).mean((0, 1))

    return jax.tree.map(leaf, slopes[1])

  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(
      np.sum(a), np.sum(b), rtol=0.1, err_msg="of one parameter"
    ),
    found,
    exact(params),
  )


def test_at_strength_1_the_penalty_is_the_divergence_to_second_order(
  params, found
):
  """Along one parameter by itself, which is all that a diagonal knows."""
  method = methods.of(EWC(strength=1), MODEL)
  frozen = dict(start=params, information=found)
  chunks, _ = text(4096)
  where = np.unravel_index(
    np.argmax(found["embed"]["embedding"]), (MODEL.vocab_size, MODEL.width)
  )
  table = params["embed"]["embedding"].copy()
  table[where] += 0.02
  away = params | {"embed": {"embedding": table}}
  divergences = jax.jit(divergence.token_divergences, static_argnames="model")(
    away, params, chunks[:, :-1], model=MODEL
  )
  np.testing.assert_allclose(
    0.5 * method.distance(away, frozen), np.mean(divergences), rtol=0.25
  )


def test_the_information_is_measured_on_the_text_asked_for(params):
  method = methods.of(EWC(strength=1, sequences=8), MODEL)
  asked = []

  def given(count):
    asked.append(count)
    return text(count)

  frozen = method.frozen(params, text=given)
  assert asked == [8]
  shapes = jax.tree.map(lambda x: (x.shape, x.dtype), frozen)
  expected = jax.tree.map(lambda x: (x.shape, x.dtype), method.shapes()[1])
  assert shapes == expected
  again = method.frozen(params, text=text)
  jax.tree.map(np.testing.assert_array_equal, frozen, again)
  batch = batch_of(MODEL)
  loss = method.objective(params, frozen, batch, strength=1.0, devices=None)
  plain = losses.weighted_sum(params, batch, model=MODEL)
  assert float(loss) == float(plain)  # at base the penalty is zero
