"""Peak memory of preparing text does not grow with the text."""

import os
import random
import subprocess
import sys

import pytest
import synthetic

pytestmark = pytest.mark.slow

# Set to 2000 for the two gigabytes that the design speaks of.
LARGE_MB = int(os.environ.get("FORGETTING_LARGE_TEXT_MB", "200"))
TABLE_MB = 512  # the table of seen shingles grows with the text up to this

CODE = """
import resource, sys
from forgetting.data import document_store, sources, store
source = sys.argv[1]
with store.own_progress() as progress:
  document_store.ensure(sources.find(source), progress)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
filtering = peak()
prepared = store.prepare(source, context=1024)
print(filtering, peak(), len(prepared.train))
"""


def write(folder, megabytes):
  """Sentences in random order, a new word in each."""
  folder.mkdir()
  draw = random.Random(megabytes)
  sentences = [
    " ".join(synthetic.words(draw.randint(6, 20), seed=i))
    for i in range(20_000)
  ]
  for part in range(megabytes // 10):
    with open(folder / f"{part:04d}.txt", "w") as file:
      while file.tell() < 10_000_000:
        chosen = draw.choices(sentences, k=8)
        numbers = [f"{draw.getrandbits(40):x}" for _ in chosen]
        pairs = zip(chosen, numbers, strict=True)
        file.write(". ".join(f"{s} {n}" for s, n in pairs) + ".\n\n")
  return str(folder)


def measure(source, cache):
  """Peak MB of filtering and of the whole, and the chunks made."""
  out = subprocess.run(
    [sys.executable, "-c", CODE, source],
    env={**os.environ, "FORGETTING_CACHE": str(cache)},
    capture_output=True,
    text=True,
    check=True,
  ).stdout
  return map(int, out.split())


def test_memory_is_flat(tmp_path):
  small = measure(write(tmp_path / "small", 50), tmp_path / "cache")
  large = measure(write(tmp_path / "large", LARGE_MB), tmp_path / "cache")
  small_filter, small_peak, small_chunks = small
  large_filter, large_peak, large_chunks = large
  print(f"\npeak MB of 50 MB: {small_filter} filtering, {small_peak} in all")
  print(
    f"peak MB of {LARGE_MB} MB: {large_filter} filtering, {large_peak} in all"
  )
  assert large_chunks > small_chunks
  table = min(LARGE_MB // 2 * 2, TABLE_MB)
  assert large_filter < small_filter + table + 150
  assert large_peak < max(small_peak, large_filter) + 400
