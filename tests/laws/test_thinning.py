from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import planted_tables
import pytest

from forgetting import laws
from forgetting.config import TableWarning
from forgetting.laws import thinning


@given(
  sizes=st.lists(st.integers(1, 400), min_size=1, max_size=12),
  count=st.integers(12, 200),
  seed=st.integers(0, 9),
)
def test_every_cell_stays_and_weights_say_how_large_it_was(sizes, count, seed):
  shuffled = np.random.default_rng(seed).permutation(sum(sizes))
  cell = np.repeat(np.arange(len(sizes)), sizes)[shuffled]
  loss = np.random.default_rng(1).normal(size=len(cell))
  rows, weight = thinning.spread([cell], loss, count)
  assert len(rows) <= count
  assert len(set(rows.tolist())) == len(rows)
  assert weight.mean() == pytest.approx(1)
  shares = np.bincount(cell[rows], weight, len(sizes)) / weight.sum()
  assert shares == pytest.approx(np.array(sizes) / sum(sizes))


def test_the_order_of_rows_does_not_matter():
  random = np.random.default_rng(0)
  cell, loss = random.integers(0, 9, 5000), random.normal(size=5000)
  rows, _ = thinning.spread([cell], loss)
  turned, _ = thinning.spread([cell[::-1]], loss[::-1])
  assert sorted(loss[rows]) == sorted(loss[::-1][turned])


def test_more_cells_than_rows_are_thinned_evenly():
  rows, weight = thinning.spread([np.arange(3000.0)], np.zeros(3000), 30)
  assert len(rows) == 30 and set(np.diff(rows)) == {100}
  assert (weight == 1).all()


def test_a_huge_table_gives_nearly_what_all_of_it_would():
  table = pd.concat([planted_tables.planted(seed=s) for s in range(160)])
  with pytest.warns(TableWarning, match="486 of 4,320 rows"):
    fitted = laws.fit(table)
  assert fitted.n <= 500
  assert fitted.params["B"] == pytest.approx(2000, rel=0.03)
  assert fitted.params["alpha"] == pytest.approx(0.65, abs=0.01)
