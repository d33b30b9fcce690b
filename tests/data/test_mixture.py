from fractions import Fraction
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from numbered_chunks import (
  LENGTH,
  TARGET_FIRST,
  first_tokens,
  mixture,
  pool,
)
import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.data import mixture as mixture_lib
from forgetting.data.mixture import Blocks, Epochs
from forgetting.data.pool import Pool, chunks_within

injections = st.one_of(
  st.sampled_from([0.0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 0.99]),
  st.integers(0, 99).map(lambda percent: percent / 100),
)


@given(p=injections, seed=st.integers(0, 1000), n=st.integers(0, 5000))
def test_injected_count_is_within_one_of_p_n(p, seed, n):
  blocks = Blocks.of(p, seed=seed)
  exact = Fraction(str(p)) * n
  assert abs(blocks.injected_before(n) - exact) < 1


@given(p=injections, seed=st.integers(0, 1000), k=st.integers(0, 50))
def test_every_whole_block_injects_exactly_p(p, seed, k):
  blocks = Blocks.of(p, seed=seed)
  count = blocks.injected_before((k + 1) * blocks.block)
  before = blocks.injected_before(k * blocks.block)
  assert count - before == Fraction(str(p)) * blocks.block


@pytest.mark.parametrize("p", [0, 0.01, 0.05, 0.2])
def test_batches_hold_the_token_fraction(p):
  m = mixture(injection=p, batch_size=10)
  rows = first_tokens(m, 0, 100)
  assert rows.size == 1000
  assert (rows < TARGET_FIRST).sum() == p * 1000


def test_injected_chunks_are_fresh_and_never_repeated():
  parent = mixture(target=None, injection=1, parent_chunks=0)
  seen_by_parent = set(first_tokens(parent, 0, 50).ravel())  # 400 chunks
  assert len(seen_by_parent) == 400
  m = mixture(injection=0.5)
  rows = first_tokens(m, 0, 120).ravel()
  injected = rows[rows < TARGET_FIRST]
  assert len(set(injected)) == len(injected) == 480
  assert not seen_by_parent & set(injected)


def test_all_sources_are_injected_by_their_size():
  m = mixture(injection=0.5)
  rows = first_tokens(m, 0, 120).ravel()
  counts = np.bincount(m.pretraining.source_of(rows[rows < TARGET_FIRST]))
  np.testing.assert_allclose(counts / 480, [0.5, 0.3, 0.2], atol=0.07)


@given(start=st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_a_resume_at_any_step_continues_with_the_same_batch(start):
  m = mixture(injection=0.2)
  whole = first_tokens(m, 0, 210)
  np.testing.assert_array_equal(first_tokens(m, start, 210), whole[start:])


@pytest.mark.parametrize("hosts", [2, 4, 8])
def test_hosts_share_the_same_global_batches(hosts):
  m = mixture(injection=0.2)
  parts = [
    first_tokens(m, 0, 70, host=host, hosts=hosts) for host in range(hosts)
  ]
  np.testing.assert_array_equal(
    np.concatenate(parts, axis=1), first_tokens(m, 0, 70)
  )


def test_seeds_change_the_order():
  rows = [first_tokens(mixture(seed=seed), 0, 20) for seed in (0, 1)]
  assert not np.array_equal(*rows)


def test_batches_are_shifted_by_one_and_weigh_every_target():
  tokens = np.arange(30 * LENGTH, dtype=np.uint16).reshape(30, LENGTH)
  m = mixture(target=Epochs(Pool((tokens,)), 30, seed=0), injection=0)
  batch = next(m.batches(0, 1))
  np.testing.assert_array_equal(
    batch["tokens_BxL"][:, 1:], batch["targets_BxL"][:, :-1]
  )
  assert batch["weights_BxL"].shape == (8, LENGTH - 1)
  assert np.all(batch["weights_BxL"] == 1)


def test_too_little_text_is_refused():
  line = "injection: found 0.5 .* 800 fresh .* the 600"
  with pytest.raises(InputError, match=line):
    mixture(injection=0.5).check(200)
  target = pool(300)
  assert chunks_within(target, 2407, seed=0) == 300
  with pytest.raises(InputError, match="asked: found 2408, .* the 2400"):
    chunks_within(target, 2408, seed=0)


def prompted(seed: int, chunks: int = 50) -> Pool:
  """Chunks of which a random part counts."""
  draw = np.random.default_rng(seed)
  tokens = draw.integers(0, 99, (chunks, LENGTH), np.uint32)
  weights = draw.integers(0, 2, (chunks, LENGTH - 1), np.uint8)
  weights[:, -1] = 1
  return Pool((tokens,), (weights,))


def test_batches_carry_the_weights_of_each_chunk():
  target = prompted(seed=1)
  m = mixture(target=Epochs(target, 40, seed=0), injection=0.25)
  weights = {
    bytes(t[1:]): w
    for t, w in zip(target.sources[0], target.weights[0], strict=True)
  }
  seen = 0
  for batch in m.batches(0, 20):
    for row, weight in zip(
      batch["targets_BxL"], batch["weights_BxL"], strict=True
    ):
      expected = weights.get(bytes(row.astype(np.uint32)), np.ones(LENGTH - 1))
      np.testing.assert_array_equal(weight, expected)
      seen += not weight.all()
  assert seen > 50


def test_batch_that_does_not_divide_over_the_hosts_is_refused():
  with pytest.raises(InputError, match="a multiple of the 3 hosts"):
    next(mixture().batches(0, 1, host=0, hosts=3))


def test_choices_do_not_repeat_with_the_batch():
  """The same row is not injected at every step: phases differ by seed."""
  phases = {Blocks.of(0.05, seed=seed).phase for seed in range(50)}
  assert len(phases) > 10
  assert all(0 <= phase < 20 for phase in itertools.chain(phases))


@pytest.mark.parametrize("together", [1, 5, 64])
@pytest.mark.parametrize("host", [0, 1])
def test_however_many_are_gathered_at_a_time(monkeypatch, together, host):
  m = mixture(injection=0.2, tells_injected=True)
  numbers = m.batch_size // 2 * m.pretraining.context
  monkeypatch.setattr(mixture_lib, "_NUMBERS", together * numbers)
  found = list(m.batches(3, 150, host=host, hosts=2))
  assert len(found) == 147
  rows = slice(4 * host, 4 * host + 4)
  for step, batch in enumerate(found, start=3):
    injected, index = m.which_chunks(8 * step, 8 * step + 8)
    np.testing.assert_array_equal(batch["injected_B"], injected[rows])
    first = np.where(injected, index, TARGET_FIRST + index)
    np.testing.assert_array_equal(batch["tokens_BxL"][:, 0], first[rows])
    assert batch["weights_BxL"].shape == (4, LENGTH - 1)
    assert (batch["weights_BxL"] == 1).all()
