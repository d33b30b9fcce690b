"""A row of the forgetting matrix, written."""

import numpy as np

from forgetting.records import RunDirectory


def write_row(directory: RunDirectory, base, best):
  ids = np.array([f"{i:016x}" for i in range(len(base))])
  source = np.resize(["wiki_en", "shakespeare"], len(base))
  best = best.astype(np.float32)
  directory.write_examples(base=base, best=best, id=ids, source=source)
