"""How fast this machine's cores are, measured, and how long runs then take.

`python -m forgetting.cost.pace WIDTH` prints the FLOP/s of one core.
"""

from collections.abc import Sequence
import os
import subprocess
import sys
import time

from forgetting.config import Run
from forgetting.cost.dry_run import evaluation_flops

REACHED = 0.85  # of the measured rate, by training and evaluation together
SECONDS = 0.3  # of measuring
ROWS, MOST = 2048, 2e9  # of the products; FLOPs of one round of them


def seconds(runs: Sequence[Run], *, cores: int) -> float | None:
  """How long runs take that one-core processes do.

  Args:
    runs: all of them.
    cores: processes, one a core.

  Returns:
    None where the rate cannot be measured.
  """
  rates: dict[int, float] = {}
  total = 0.0
  for run in runs:
    width = run.model.width
    if width not in rates:
      rates[width] = _of_one_core(width)
    if not rates[width]:
      return None
    total += (run.flops + evaluation_flops(run)) / (REACHED * rates[width])
  # the last run of a study has the machine for itself
  longest = max(run.flops for run in runs) / sum(run.flops for run in runs)
  return total * max(1 / cores, longest)


def _of_one_core(width: int) -> float:
  """In a process of its own: BLAS reads its number of threads but once."""
  one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
  done = subprocess.run(
    [sys.executable, "-m", "forgetting.cost.pace", str(width)],
    env={**os.environ, **one, "MKL_NUM_THREADS": "1"},
    capture_output=True,
    text=True,
    check=False,
  )
  return float(done.stdout) if done.returncode == 0 else 0.0


def measure(width: int) -> float:
  """FLOP/s of a block's products with an exponential between them.

  Args:
    width: of the model.
  """
  import numpy as np

  rows = max(16, min(ROWS, int(MOST / (16 * width * width))))
  x = np.full((rows, width), 0.01, np.float32)
  up = np.full((width, 4 * width), 0.01, np.float32)
  down, flops, start = up.T.copy(), 0.0, time.perf_counter()
  while (spent := time.perf_counter() - start) < SECONDS or not flops:
    hidden = x @ up
    np.exp(hidden, out=hidden)
    hidden @ down
    flops += 16 * rows * width * width
  return flops / spent


if __name__ == "__main__":
  print(measure(int(sys.argv[1])))
