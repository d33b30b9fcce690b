"""Text that a model writes: which tokens, and that they depend on the seed."""

import functools

from hypothesis import given, settings
from hypothesis import strategies as st
import jax
import numpy as np
import pytest

from forgetting.config import Model
from forgetting.training import losses, models, sampling

MODEL = Model(layers=2, width=16, heads=2, context=12)


@pytest.fixture(scope="module")
def sampler():
  return sampling.compile_sampler(MODEL, rows=8)


@pytest.fixture(scope="module")
def params():
  found = models.init(MODEL, seed=1)
  # so that a few tokens are likely and which ones changes
  found["embed"]["embedding"] *= 3
  return found


def sampled(sampler, params, *, number=range(8), first=1, **more):
  tokens = np.zeros((8, MODEL.context + 1), np.int32)
  tokens[:, 0] = first
  told = dict(given=1, seed=0, temperature=1.0, top_p=1.0) | more
  return sampler.continued(
    sampler.to_devices(params), tokens, number_B=np.array(number), **told
  )


def test_greedy_is_the_likeliest_by_whole_sequences(sampler, params):
  found = sampled(sampler, params, first=np.arange(8) + 40, temperature=0.0)
  apply = jax.jit(functools.partial(losses.apply, model=MODEL))
  best = np.argmax(apply(params, found[:, :-1]), axis=-1)
  np.testing.assert_array_equal(found[:, 1:], best)
  assert len({tuple(row[1:]) for row in found.tolist()}) > 1


def test_text_follows_from_the_seed_and_the_number_alone(sampler, params):
  found = sampled(sampler, params)
  np.testing.assert_array_equal(found, sampled(sampler, params))
  shifted = sampled(sampler, params, number=range(4, 12))
  np.testing.assert_array_equal(shifted[:4], found[4:])
  assert (sampled(sampler, params, seed=1) != found).any(1).all()
  assert len({tuple(row) for row in found.tolist()}) == 8


def test_given_tokens_stay_and_others_are_not_read(sampler, params):
  tokens = np.full((8, MODEL.context + 1), 50, np.int32)
  rest = tokens.copy()
  rest[:, 3:] = 99
  told = dict(given=3, number_B=np.arange(8), seed=0, temperature=1.0)
  on = sampler.to_devices(params)
  found = sampler.continued(on, tokens, top_p=0.9, **told)
  assert (found[:, :3] == 50).all()
  again = sampler.continued(on, rest, top_p=0.9, **told)
  np.testing.assert_array_equal(found, again)


def test_shares_of_tokens_are_their_probabilities():
  logits = np.random.default_rng(0).normal(0, 2, 300).astype(np.float32)
  dice = (np.arange(20_000, dtype=np.float32) + 0.5) / 20_000
  choose = jax.jit(jax.vmap(sampling.choose, (None, 0, None, None)))
  found = choose(logits[None], dice[:, None], np.float32(0.7), np.float32(1))
  counts = np.bincount(np.asarray(found).ravel(), minlength=300) / len(dice)
  expected = np.exp(logits / 0.7 - np.max(logits / 0.7))
  expected /= expected.sum()
  # a grid of dice gives each share within a step of it
  np.testing.assert_allclose(counts, expected, rtol=0, atol=1.5 / len(dice))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.99))
def test_a_nucleus_is_the_fewest_likeliest_tokens_of_its_share(seed, top_p):
  logits = np.random.default_rng(seed).normal(0, 3, (1, 40)).astype(np.float32)
  log = logits - logits.max()
  found = np.asarray(_nucleus(log, np.exp(log), np.float32(top_p)))[0]
  share = np.exp(log[0]) / np.exp(log[0]).sum()
  order = np.argsort(-share)
  count = int(np.searchsorted(np.cumsum(share[order]), top_p - 1e-6)) + 1
  assert set(np.flatnonzero(found)) == set(order[:count])


_nucleus = jax.jit(sampling._nucleus)


def test_the_last_die_still_gives_a_token_that_is_possible():
  logits = np.full((1, 259), -np.inf, np.float32)
  logits[0, [3, 100]] = 0
  dice = np.float32([np.nextafter(np.float32(1), np.float32(0))])
  found = sampling.choose(logits, dice, np.float32(1), np.float32(1))
  assert found[0] == 100


def test_weights_are_told_apart_by_what_they_hold(params):
  again = jax.tree.map(np.copy, params)
  assert sampling.weights_sha256(params) == sampling.weights_sha256(again)
  again["embed"]["embedding"][0, 0] += 1
  assert sampling.weights_sha256(params) != sampling.weights_sha256(again)


@pytest.mark.parametrize("context", [1, 2, 3, 128])
def test_stages_cover_each_position_once(context):
  spans = sampling.stages(context)
  assert [p for a, b in spans for p in range(a, b)] == [*range(context)]
