"""Structure of matrices whose answer is known."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.associations import structure
from forgetting.associations.matrix import build


def planted(rank, *, shape=(12, 60), seed=0):
  generator = np.random.default_rng(seed)
  left = generator.normal(size=(shape[0], rank))
  return left @ generator.normal(size=(rank, shape[1]))


def r2(values, **options):
  found = structure.analyse(build(values), **options)
  return {name: model.r2 for name, model in found.models.items()}


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_a_planted_rank_is_found_exactly(rank):
  found = r2(planted(rank))
  assert found[f"rank_{rank}"] == pytest.approx(1)
  if rank > 1:
    assert found[f"rank_{rank - 1}"] < 0.999


def test_an_additive_matrix_is_additive():
  generator = np.random.default_rng(0)
  values = generator.normal(size=(10, 1)) + generator.normal(size=50)
  found = structure.analyse(build(values)).models
  assert found["additive"].r2 == pytest.approx(1)
  assert found["additive"].r2_held_out == pytest.approx(1)
  assert found["rank_1"].r2 < 0.99
  parts = found["task_only"].r2 + found["example_only"].r2
  assert parts == pytest.approx(1)


def test_in_sample_by_hand():
  values = planted(3) + 0.1 * planted(12, seed=1)
  total = np.sum((values - values.mean()) ** 2)
  u, s, v = np.linalg.svd(values, full_matrices=False)
  rows, columns = values.mean(1, keepdims=True), values.mean(0)
  rest = values - rows - columns + values.mean()
  fits = {
    "task_only": values - rows,
    "example_only": values - columns,
    "additive": rest,
    "outer_means": values - rows * columns / values.mean(),
    "rank_2": values - (u[:, :2] * s[:2]) @ v[:2],
  }
  found = r2(values)
  for name, left in fits.items():
    assert found[name] == pytest.approx(1 - np.sum(left**2) / total), name
  singular = np.linalg.svd(rest, compute_uv=False)
  expected = 1 - np.sum(singular[3:] ** 2) / total
  assert found["additive_rank_3"] == pytest.approx(expected)


def test_held_out_by_hand():
  values = planted(3) + 0.3 * planted(12, seed=1)
  total = np.sum((values - values.mean()) ** 2)
  left = {"rank_2": 0.0, "additive": 0.0, "example_only": 0.0}
  for row in range(len(values)):
    rest, own = np.delete(values, row, 0), values[row]
    v = np.linalg.svd(rest, full_matrices=False)[2][:2]
    left["rank_2"] += np.sum((own - (own @ v.T) @ v) ** 2)
    apart = own - rest.mean(0)
    left["example_only"] += np.sum(apart**2)
    left["additive"] += np.sum((apart - apart.mean()) ** 2)
  found = structure.analyse(build(values)).models
  for name, squares in left.items():
    expected = 1 - squares / total
    assert found[name].r2_held_out == pytest.approx(expected), name


def test_vectors_and_values_are_the_svd():
  values = planted(5)
  found = structure.analyse(build(values))
  s = np.linalg.svd(values, compute_uv=False)
  np.testing.assert_allclose(found.singular_values[:5], s[:5])
  ours = (found.left[:, :5] * s[:5]) @ found.right[:5]
  np.testing.assert_allclose(ours, values, atol=1e-8)
  assert (found.right.sum(1) >= -1e-9).all()
  assert found.r2_by_rank[4] == pytest.approx(1)
  assert found.r2_by_rank[1] == pytest.approx(found.models["rank_2"].r2)


def test_missing_cells_do_not_hide_a_planted_rank():
  values = planted(2, shape=(20, 80)) + 1
  holes = values.copy()
  holes[np.random.default_rng(0).random(values.shape) < 0.1] = np.nan
  found = r2(holes, ranks=(1, 3))
  assert found["rank_3"] == pytest.approx(1, abs=1e-4)
  assert found["rank_1"] < 0.95


def test_a_missing_cell_has_no_say():
  values = planted(2)
  holes, wild = values.copy(), values.copy()
  holes[0, 0], wild[0, 0] = np.nan, 1e3
  assert r2(holes)["additive"] == pytest.approx(
    r2(values)["additive"], abs=0.01
  )
  assert r2(wild)["additive"] < 0.5


@pytest.mark.parametrize("shape", [(1, 30), (30, 1), (1, 1), (2, 2)])
def test_thin_matrices_have_an_answer(shape):
  found = structure.analyse(build(planted(1, shape=shape)))
  assert found.models["rank_1"].r2 == pytest.approx(
    1 if max(shape) > 1 else np.nan, nan_ok=True
  )
  assert np.isfinite(found.left).all() and np.isfinite(found.right).all()


def test_constant_matrices_have_no_r2_and_no_error():
  for value in (0.0, 0.3):
    found = r2(np.full((4, 9), value))
    assert np.isnan(found["additive"])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(2, 30))
def test_order_does_not_matter(seed, rows, columns):
  generator = np.random.default_rng(seed)
  values = generator.standard_t(3, (rows, columns))
  shuffled = values[generator.permutation(rows)]
  shuffled = shuffled[:, generator.permutation(columns)]
  before = structure.analyse(build(values)).models
  after = structure.analyse(build(shuffled)).models
  for name, model in before.items():
    assert after[name].r2 == pytest.approx(model.r2, abs=1e-6), name
    assert after[name].r2_held_out == pytest.approx(
      model.r2_held_out, abs=1e-6, nan_ok=True
    ), name


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_r2_rises_with_rank_and_is_at_most_one(seed):
  values = np.random.default_rng(seed).standard_t(3, (8, 40)) + 0.5
  found = r2(values, ranks=range(1, 9))
  ranks = [found[f"rank_{r}"] for r in range(1, 9)]
  assert (np.diff(ranks) > -1e-9).all() and ranks[-1] == pytest.approx(1)
