"""Chunks in files: what is written in parts comes back as one."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.config import InputError
from forgetting.data import chunk_files
from forgetting.data.chunk_files import BYTES, TOKENS, WEIGHTS, Layout

CONTEXT = 4


def batch(draw: np.random.Generator, chunks: int) -> dict[str, np.ndarray]:
  shape = (chunks, CONTEXT + 1)
  return dict(
    targets=draw.integers(0, 300, shape),
    bytes=draw.integers(0, 9, shape),
    weights=draw.integers(0, 2, shape),
  )


@settings(max_examples=25, deadline=None)
@given(
  sizes=st.lists(st.integers(0, 5), min_size=1, max_size=4),
  weighted=st.booleans(),
  seed=st.integers(0, 2**32),
)
def test_parts_come_back_as_one(tmp_path_factory, sizes, weighted, seed):
  folder, draw = tmp_path_factory.mktemp("parts"), np.random.default_rng(seed)
  layout = Layout(np.dtype("<u2"), CONTEXT, weighted)
  batches = [batch(draw, size) for size in sizes]
  parts = []
  for i, one in enumerate(batches):
    parts.append(folder / str(i))
    parts[-1].mkdir()
    chunk_files.write_part(parts[-1], iter([one]), layout)
  facts = chunk_files.join(parts, folder / "train", layout)
  whole = {k: np.concatenate([b[k] for b in batches]) for k in batches[0]}
  counts = whole["weights"][:, 1:].any(1)  # the others carry no loss
  weights = whole["weights"][counts, 1:]
  assert facts["chunks"] == counts.sum()
  assert facts["tokens"] == weights.size
  assert facts["weighted_tokens"] == weights.sum()
  read = chunk_files.open_split(
    folder / "train", layout, chunks=facts["chunks"]
  )
  np.testing.assert_array_equal(read[TOKENS], whole["targets"][counts])
  sizes_of = (whole["bytes"][counts, 1:] * weights).sum(1)
  np.testing.assert_array_equal(read[BYTES], sizes_of)
  assert facts["bytes"] == sizes_of.sum()
  assert (WEIGHTS in read) == weighted
  if weighted:
    np.testing.assert_array_equal(read[WEIGHTS], weights)


def test_the_hash_is_of_tokens_and_weights(tmp_path):
  layout = Layout(np.dtype("<u2"), CONTEXT, True)
  hashes = set()
  for change in (None, "targets", "weights", "bytes"):
    one = batch(np.random.default_rng(0), 3)
    one["weights"][:] = 1
    if change is not None:
      one[change][0, 1] ^= 1
    part = tmp_path / str(change)
    part.mkdir()
    chunk_files.write_part(part, iter([one]), layout)
    hashes.add(chunk_files.join([part], part / "train", layout)["sha256"])
  assert len(hashes) == 3  # bytes follow from the tokens


def test_a_file_of_another_size_is_damaged(tmp_path):
  layout = Layout(np.dtype("<u2"), CONTEXT, False)
  chunk_files.write_part(
    tmp_path, iter([batch(np.random.default_rng(0), 3)]), layout
  )
  facts = chunk_files.join([tmp_path], tmp_path / "train", layout)
  with pytest.raises(InputError, match=r"train\.tokens is damaged"):
    chunk_files.open_split(
      tmp_path / "train", layout, chunks=facts["chunks"] + 1
    )


def test_prompts_longer_than_the_context_are_counted(tmp_path):
  layout = Layout(np.dtype("<u2"), CONTEXT, True)
  # the weights of 7, 4, 0, and 5 tokens of prompt, an answer after each
  stream = [0] * 7 + [1] + [0] * 4 + [1, 1] + [0] * 5 + [1]
  found = np.array(stream).reshape(-1, CONTEXT)
  one = batch(np.random.default_rng(0), len(found))
  one["weights"][:, 1:] = found
  halves = [
    {k: v[:2] for k, v in one.items()},
    {k: v[2:] for k, v in one.items()},
  ]
  chunk_files.write_part(tmp_path, iter(halves), layout)
  facts = chunk_files.join([tmp_path], tmp_path / "train", layout)
  assert facts["long_prompts"] == 2
