"""Do nominal 95 % intervals hold the truth at least 90 % of the time?"""

import itertools

import numpy as np
import pandas as pd
import pytest

from forgetting import laws
from forgetting.laws.invert import forgetting_at, injection_needed
from forgetting.laws.uncertainty import bootstrap

TRUTH = {"alpha": 0.65, "beta": 0.45, "B": 2000.0}
POINT = {"N": 1e8, "D": 3e7}
TOLERANCE = 0.02
REPEATS = 120
DRAWS = 250
GRIDS = {
  "27 runs": ((1e6, 4e6, 16e6), (1e5, 1e6, 1e7), (0, 0.01, 0.05)),
  "64 runs": (
    (1e6, 3e6, 1e7, 3e7),
    (1e5, 4e5, 2e6, 1e7),
    (0, 0.001, 0.01, 0.05),
  ),
}


def amplitude(grid):
  """A such that the smallest model forgets 1 nat at the most data."""
  return min(grid[0]) ** TRUTH["alpha"] / max(grid[1]) ** TRUTH["beta"]


def table(grid, noise, cell_noise, seed):
  """Runs with independent noise, and noise that a cell's runs share."""
  generator = np.random.default_rng(seed)
  rows = []
  for n, d in itertools.product(grid[0], grid[1]):
    shared = cell_noise * generator.normal()
    for p in grid[2]:
      base = 3.6 * (n / grid[0][0]) ** -0.06
      change = amplitude(grid) * d ** TRUTH["beta"]
      change /= ((1 + TRUTH["B"] * p) * n) ** TRUTH["alpha"]
      error = shared + noise * generator.normal()
      rows.append((n, d, p, base, (base + change) * np.exp(error)))
  names = ["model_params", "target_tokens", "injection"]
  return pd.DataFrame(
    rows, columns=[*names, "base_pretrain_loss", "pretrain_loss"]
  )


def coverage(grid, noise, cell_noise):
  """Share of repeats whose interval holds the truth, by quantity."""
  change = amplitude(grid) * POINT["D"] ** TRUTH["beta"]
  alpha, strength = TRUTH["alpha"], TRUTH["B"]
  needed = ((change / TOLERANCE) ** (1 / alpha) / POINT["N"] - 1) / strength
  truth = {
    **TRUTH,
    "forgetting": change / ((1 + strength * 0.01) * POINT["N"]) ** alpha,
    "injection": needed,
  }
  hits = {name: 0 for name in truth}
  for seed in range(REPEATS):
    fitted = laws.fit(table(grid, noise, cell_noise, 1000 + seed))
    x = bootstrap(fitted, draws=DRAWS).x
    draws = {
      **{k: fitted.natural(x)[k] for k in TRUTH},
      "forgetting": forgetting_at(fitted, x, POINT, 0.01),
      "injection": injection_needed(fitted, x, POINT, TOLERANCE),
    }
    for name, values in draws.items():
      ordered = np.sort(values)
      low, high = ordered[int(0.025 * DRAWS)], ordered[-1 - int(0.025 * DRAWS)]
      hits[name] += low <= truth[name] <= high
  return {name: count / REPEATS for name, count in hits.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
  ("runs", "noise", "cell_noise"),
  [
    ("27 runs", 0.002, 0.0),
    ("27 runs", 0.01, 0.0),
    ("27 runs", 0.005, 0.005),
    ("64 runs", 0.01, 0.0),
  ],
)
def test_pairs_bootstrap_by_cell_covers(runs, noise, cell_noise):
  found = coverage(GRIDS[runs], noise, cell_noise)
  print(runs, noise, cell_noise, found)
  assert min(found.values()) >= 0.9
