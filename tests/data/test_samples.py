"""What a model wrote, kept: loops and near-duplicates are left out."""

import numpy as np
import pytest

from forgetting.config import domain_name
from forgetting.data import samples
from forgetting.data.documents import Split

pytestmark = pytest.mark.usefixtures("own_cache")


def chunk(seed: int, length: int = 129) -> np.ndarray:
  return np.random.default_rng(seed).integers(3, 259, length).astype(np.int32)


def test_loops_and_near_duplicates_are_left_out_and_counted():
  first, loop = chunk(0), np.tile(chunk(1, 10), 13)[:129]
  near = first.copy()
  near[100:] = chunk(2)[100:]  # two in three of its runs are the first's
  far = first.copy()
  far[40:] = chunk(3)[40:]
  chunks = np.stack([first, loop, near, far, chunk(4)])
  found = samples.kept(chunks, wanted=5, tokenizer="bytes")
  assert (found.loops, found.duplicates, found.seen) == (1, 1, 5)
  np.testing.assert_array_equal(found.index, [0, 3, 4])


def test_no_more_is_looked_at_than_is_wanted():
  chunks = np.stack([chunk(i) for i in range(4)])
  found = samples.kept(chunks, wanted=2, tokenizer="bytes")
  assert (found.seen, found.index.tolist()) == (2, [0, 1])


@pytest.mark.parametrize("split", Split)
def test_samples_are_opened_as_other_text_is(split):
  source = samples.source_of("self-t1", f"key{split}")
  chunks = np.stack([chunk(i, 9) for i in range(3)])
  chunks[0, 2] = 1  # an end of text has no bytes
  samples.write(
    source,
    chunks,
    split=split,
    without_loss=2,
    tokenizer="bytes",
    about=dict(source="a model"),
  )
  found = samples.open_samples(source)
  assert samples.is_one(source)
  assert found.name == domain_name(source) == "self-t1"
  np.testing.assert_array_equal(getattr(found, f"{split}"), chunks)
  weights = getattr(found, f"{split}_weights")
  np.testing.assert_array_equal(weights, np.tile([0, 0, *(1,) * 6], (3, 1)))
  assert getattr(found, f"{split}_bytes").tolist() == [6, 6, 6]
  other = next(one for one in Split if one is not split)
  assert len(getattr(found, f"{other}")) == 0
