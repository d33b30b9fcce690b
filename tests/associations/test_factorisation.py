"""The authors' factorisation over ten seeds on the real matrix: minutes."""

import os
import pathlib

import numpy as np
import pytest

from forgetting.associations import load
from forgetting.associations.factorisation import AuthorsFactorisation

FOLDER = os.environ.get("FORGETTING_REFERENCE_DATA", "")
FILE = pathlib.Path(FOLDER) / "olmo7b_lora_dolma_76x1000.npz"
pytestmark = [
  pytest.mark.slow,
  pytest.mark.skipif(
    not FILE.is_file(), reason="FORGETTING_REFERENCE_DATA has no such matrix"
  ),
]
NEW = (6, 65, 18, 8, 60, 13, 37, 22, 30, 19)
NEW += (64, 50, 25, 31, 32, 61, 16, 5, 53, 49)
TRAINED = tuple(row for row in range(66) if row not in NEW)


def test_ten_seeds_are_as_the_authors_have_them():
  z = load.load(FILE).values
  fitted = AuthorsFactorisation().fit(z[list(TRAINED)])
  new = z[[*NEW, *range(66, 76)]]
  errors = []
  for seed in range(10):
    known = np.random.default_rng(seed).choice(1000, 30, replace=False)
    rows = fitted.predict(known, new[:, known])
    rows[:, known] = new[:, known]
    squares = ((rows - new) ** 2).mean(1)
    errors.append([squares[:20].mean(), squares[20:].mean()])
  means = 100 * np.sqrt(np.array(errors))
  print("in domain, out of domain:", means.mean(0), means.std(0, ddof=1))
  assert means[:, 0].mean() == pytest.approx(3.21, abs=0.09)
  assert means[:, 1].mean() == pytest.approx(4.32, abs=0.10)
