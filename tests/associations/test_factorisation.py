"""The authors' factorisation: cell by cell, and on the real matrix."""

import os
import pathlib

import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import factorisation, load
from forgetting.associations.factorisation import AuthorsFactorisation

FOLDER = os.environ.get("FORGETTING_REFERENCE_DATA", "")
FILE = pathlib.Path(FOLDER) / "olmo7b_lora_dolma_76x1000.npz"
NEW = (6, 65, 18, 8, 60, 13, 37, 22, 30, 19)
NEW += (64, 50, 25, 31, 32, 61, 16, 5, 53, 49)
TRAINED = tuple(row for row in range(66) if row not in NEW)


def test_the_factorisation_is_the_loop_over_cells():
  generator = np.random.default_rng(0)
  train, values = generator.normal(size=(5, 4)), generator.normal(size=(2, 3))
  known = np.array([2, 0, 3])
  method = AuthorsFactorisation(epochs=30, rate=0.05, deviation=0.1)
  found = method.fit(train).predict(known, values)
  draw = np.random.default_rng([0, *np.sort(known)])
  p, q = (draw.normal(0, 0.1, (n, 5, 2)) for n in (6, 6))
  for task, own in enumerate(values):
    row = dict(zip(known, own, strict=True))
    b, c, pt, qt = np.zeros(6), np.zeros(4), p[..., task], q[..., task]
    mean = (train.sum() + own.sum()) / 23
    for _ in range(30):
      for i in range(6):
        for j in range(4) if i < 5 else sorted(row):
          z = train[i, j] if i < 5 else row[j]
          push = 0.05 * (z - mean - b[i] - c[j] - pt[i] @ qt[j])
          b[i], c[j] = b[i] + push, c[j] + push
          pt[i], qt[j] = pt[i] + push * qt[j], qt[j] + push * pt[i]
    np.testing.assert_allclose(
      found[task], mean + b[5] + c + qt[:4] @ pt[5], atol=2e-6
    )


@pytest.mark.parametrize("together", [1, 1 << 18])
def test_draws_do_not_know_of_each_other(monkeypatch, together):
  """Whether they are fitted side by side or one after the other."""
  monkeypatch.setattr(factorisation, "TOGETHER", together)
  values = planted(8, 20)
  fitted = AuthorsFactorisation(epochs=20, deviation=0.1).fit(values[:-3])
  known = [np.array([3, 0, 7]), np.array([19, 4, 11, 2])]
  rows = [slice(-3, None), slice(-1, None)]
  draws = [(k, values[r][:, k]) for k, r in zip(known, rows, strict=True)]
  for draw, found in zip(draws, fitted.predict_each(draws), strict=True):
    np.testing.assert_array_equal(found, fitted.predict(*draw))


@pytest.mark.slow
@pytest.mark.skipif(
  not FILE.is_file(), reason="FORGETTING_REFERENCE_DATA has no such matrix"
)
def test_ten_seeds_are_as_the_authors_have_them():
  z = load.load(FILE).values
  fitted = AuthorsFactorisation().fit(z[list(TRAINED)])
  new = z[[*NEW, *range(66, 76)]]
  draws = [
    np.random.default_rng(seed).choice(1000, 30, replace=False)
    for seed in range(10)
  ]
  found = fitted.predict_each([(known, new[:, known]) for known in draws])
  errors = []
  for known, rows in zip(draws, found, strict=True):
    rows[:, known] = new[:, known]
    squares = ((rows - new) ** 2).mean(1)
    errors.append([squares[:20].mean(), squares[20:].mean()])
  means = 100 * np.sqrt(np.array(errors))
  print("in domain, out of domain:", means.mean(0), means.std(0, ddof=1))
  assert means[:, 0].mean() == pytest.approx(3.21, abs=0.09)
  assert means[:, 1].mean() == pytest.approx(4.32, abs=0.10)
