from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import synthetic

from forgetting.data.shingles import SeenTable, shingle_hashes

WORDS = st.lists(st.sampled_from(["a", "bc", "d", "ef", "ghi"]), max_size=40)


@given(WORDS, st.integers(1, 9))
def test_one_hash_for_each_distinct_run_of_words(words, count):
  hashes = shingle_hashes(" ".join(words).encode(), count)
  runs = {tuple(words[i : i + count]) for i in range(len(words) - count + 1)}
  assert len(hashes) == len(runs)


def test_a_run_hashes_alike_wherever_it_stands():
  alone = shingle_hashes(b"the run of five words", 5)
  inside = shingle_hashes(b"first came the run of five words and more", 5)
  assert alone[0] in inside


def test_hashes_are_the_same_on_every_machine():
  [value] = shingle_hashes(b"one two three four five six seven eight", 8)
  assert value == 0x48EE0C4A5EE19248


def test_a_longer_text_than_any_before():
  words = synthetic.words(40_000, seed=1)
  hashes = shingle_hashes(" ".join(words).encode(), 8)
  runs = {tuple(words[i : i + 8]) for i in range(len(words) - 7)}
  assert len(hashes) == len(runs)
  tail = shingle_hashes(" ".join(words[-8:]).encode(), 8)
  assert tail[0] in hashes


def test_a_member_is_never_forgotten():
  rng = np.random.default_rng(0)
  table = SeenTable(16)
  members = rng.integers(0, 1 << 63, 4000).astype(np.uint64)
  table.add(members)
  assert table.contains(members).all()


def test_strangers_are_called_members_at_the_stated_rate():
  rng = np.random.default_rng(0)
  table = SeenTable(20)
  table.add(rng.integers(0, 1 << 63, 150_000).astype(np.uint64))
  strangers = rng.integers(0, 1 << 63, 400_000).astype(np.uint64)
  found = table.contains(strangers).mean()
  stated = table.false_positive_rate()
  assert 0.02 < stated < 0.06
  assert abs(found - stated) < 0.1 * stated


def test_new_documents_never_fall_in_a_table_that_is_filled_as_designed():
  """The bound of the docstring: at a rate of 0.04 below 1e-9 a document."""
  rng = np.random.default_rng(1)
  table = SeenTable(20)
  table.add(rng.integers(0, 1 << 63, 145_000).astype(np.uint64))
  assert 0.02 < table.false_positive_rate() < 0.04
  new = rng.integers(0, 1 << 63, (20_000, 21)).astype(np.uint64)
  seen = table.contains(new.ravel()).reshape(new.shape).sum(1)
  assert seen.max() <= 10


def test_the_table_is_bounded_and_roomy():
  assert SeenTable.for_text(10)._words.nbytes == 128 << 10
  assert SeenTable.for_text(10_000_000)._words.nbytes == 8 << 20
  assert SeenTable.for_text(1 << 40)._words.nbytes == 512 << 20
