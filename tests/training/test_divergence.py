import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from plain_model import PLAIN, assert_near, batch_of
import pytest

from forgetting.training import divergence, losses, models

MODEL = dataclasses.replace(PLAIN, width=16, context=8)


@pytest.fixture(scope="module")
def two():
  return [models.init(MODEL, seed=seed) for seed in (0, 1)]


def written_out(now, base, tokens):
  """Over the tokens of the vocabulary, in float32."""
  p, q = (
    jax.nn.log_softmax(losses.apply(x, tokens, model=MODEL))
    for x in (base, now)
  )
  return (jnp.exp(p) * (p - q)).sum(-1)


@pytest.mark.parametrize("most", [2**27, 9000])
def test_it_is_the_divergence_written_out(two, most, monkeypatch):
  """At once and in parts; the vocabulary is padded."""
  monkeypatch.setattr(losses, "MOST_LOGITS", most)
  tokens = batch_of(MODEL)["tokens_BxL"]
  found = divergence.token_divergences(*two, tokens, model=MODEL)
  expected = written_out(*two, tokens)
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
  same = divergence.token_divergences(two[0], two[0], tokens, model=MODEL)
  np.testing.assert_array_equal(same, 0)


@pytest.mark.parametrize("most", [2**27, 9000])
def test_the_sum_and_its_gradient_are_those_written_out(two, most, monkeypatch):
  monkeypatch.setattr(losses, "MOST_LOGITS", most)
  batch, (params, base) = batch_of(MODEL), two
  weights = batch["weights_BxL"]
  tokens, targets = batch["tokens_BxL"], batch["targets_BxL"]

  def ours(params, base):
    return divergence.weighted_sum(
      params, base, tokens, targets,
      loss_weights_BxL=weights, divergence_weights_BxL=3 * weights,
      model=MODEL,
    )  # fmt: skip

  def theirs(params):
    loss = losses.weighted_sum(params, batch, model=MODEL)
    return loss + (3 * weights * written_out(params, base, tokens)).sum()

  found = jax.jit(jax.value_and_grad(ours, (0, 1)))(params, base)
  expected = jax.jit(jax.value_and_grad(theirs))(params)
  np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
  assert_near(found[1][0], expected[1], rtol=1e-4)
  # nothing is learnt from base
  assert not any(np.any(x) for x in jax.tree.leaves(found[1][1]))
