from fractions import Fraction
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.data.mixture import Blocks, Mixture, Pool, permute

LENGTH = 9  # tokens of a chunk: L + 1

injections = st.one_of(
  st.sampled_from([0.0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 0.99]),
  st.integers(0, 99).map(lambda percent: percent / 100),
)


def pool(*sizes: int) -> Pool:
  """Chunks whose first token is their index in the pool."""
  starts = np.cumsum([0, *sizes])
  return Pool(
    tuple(
      np.arange(start, start + size, dtype=np.uint32)[:, None]
      + np.zeros((1, LENGTH), np.uint32)
      for start, size in zip(starts, sizes, strict=False)
    )
  )


TARGET_FIRST = 1_000_000  # first tokens of target chunks start here


def mixture(**changes) -> Mixture:
  target = np.arange(300, dtype=np.uint32)[:, None] + np.full(
    (1, LENGTH), TARGET_FIRST, np.uint32
  )
  given_values = dict(
    pretraining=pool(500, 300, 200),
    target=target,
    target_chunks=40,
    injection=0.05,
    batch_size=8,
    seed=0,
    parent_seed=0,
    parent_chunks=400,
  )
  return Mixture(**(given_values | changes))


def first_tokens(m: Mixture, first: int, last: int, **hosts) -> np.ndarray:
  """[steps, rows]: what each row of each batch is."""
  batches = m.batches(first, last, **hosts)
  return np.array([batch["tokens_BxL"][:, 0] for batch in batches])


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


@given(
  size=st.integers(1, 3000), key=st.integers(0, 2**63), other=st.integers(0, 9)
)
@settings(max_examples=50)
def test_permute_is_a_permutation(size, key, other):
  images = permute(np.arange(size), size, key=key)
  assert sorted(images) == list(range(size))
  np.testing.assert_array_equal(
    images[: size // 2], permute(np.arange(size // 2), size, key=key)
  )


def test_permute_mixes():
  images = permute(np.arange(4000), 4000, key=1)
  assert abs(np.corrcoef(images, np.arange(4000))[0, 1]) < 0.05
  assert abs(np.corrcoef(images[1:], images[:-1])[0, 1]) < 0.05
  other = permute(np.arange(4000), 4000, key=2)
  assert np.mean(images == other) < 0.01
  with pytest.raises(IndexError):
    permute(np.array([4]), 4, key=0)


@pytest.mark.parametrize("p", [0, 0.01, 0.05, 0.2])
def test_batches_hold_the_token_fraction(p):
  m = mixture(injection=p, batch_size=10)
  rows = first_tokens(m, 0, 100)
  assert rows.size == 1000
  assert (rows < TARGET_FIRST).sum() == p * 1000


def test_unique_target_tokens_are_what_was_asked():
  m = mixture(injection=0.05, target_chunks=40)
  rows = first_tokens(m, 0, 60).ravel()
  target = rows[rows >= TARGET_FIRST]
  assert len(np.unique(target)) == 40
  # each epoch is every chunk once, in an order of its own
  epochs = target[: len(target) // 40 * 40].reshape(-1, 40)
  assert all(len(set(epoch)) == 40 for epoch in epochs)
  assert not np.array_equal(epochs[0], epochs[1])


def test_target_chunks_are_nested_in_their_number_and_depend_on_the_seed():
  small, large = (set(mixture(target_chunks=n).unique_target) for n in (20, 60))
  assert small < large
  assert small != set(mixture(target_chunks=20, seed=1).unique_target)


def test_injected_chunks_are_fresh_and_never_repeated():
  parent = mixture(target=None, target_chunks=0, injection=1, parent_chunks=0)
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
  m = mixture(target=tokens, target_chunks=30, injection=0)
  batch = next(m.batches(0, 1))
  np.testing.assert_array_equal(
    batch["tokens_BxL"][:, 1:], batch["targets_BxL"][:, :-1]
  )
  assert batch["weights_BxL"].shape == (8, LENGTH - 1)
  assert np.all(batch["weights_BxL"] == 1)


@pytest.mark.parametrize(
  ("changes", "steps", "line"),
  [
    (dict(target_chunks=301), 10, "target_tokens: found 2408, .* 2400"),
    (dict(injection=0.5), 200, "injection: found 0.5 .* 800 fresh .* the 600"),
  ],
)
def test_too_little_text_is_refused(changes, steps, line):
  with pytest.raises(InputError, match=line):
    mixture(**changes).check(steps)


def test_pools_of_different_lengths_are_refused():
  with pytest.raises(InputError, match="one length"):
    Pool((np.zeros((2, 5), int), np.zeros((2, 6), int)))


def test_batch_that_does_not_divide_over_the_hosts_is_refused():
  with pytest.raises(InputError, match="a multiple of the 3 hosts"):
    next(mixture().batches(0, 1, host=0, hosts=3))


def test_choices_do_not_repeat_with_the_batch():
  """The same row is not injected at every step: phases differ by seed."""
  phases = {Blocks.of(0.05, seed=seed).phase for seed in range(50)}
  assert len(phases) > 10
  assert all(0 <= phase < 20 for phase in itertools.chain(phases))
