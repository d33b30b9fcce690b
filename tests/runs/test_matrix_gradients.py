"""Sketched gradients keep inner products, and say what a step does."""

import dataclasses
import functools

import jax
import numpy as np
import pytest
from small import options_in

from forgetting.associations import load
from forgetting.config import InputError
from forgetting.runs import matrix_gradients, starts
from forgetting.runs import run as run_lib
from forgetting.training import gradients, models
from forgetting.training import losses as losses_lib


@pytest.fixture(scope="module")
def sequences():
  draw = np.random.default_rng(0)
  return draw.integers(3, 259, (11, 33), np.int32), np.ones(
    (11, 32), np.float32
  )


@functools.partial(jax.jit, static_argnames="model")
def gradient(params, chunk, weight, *, model):
  def loss(params):
    losses = losses_lib.token_losses(
      params, chunk[None, :-1], chunk[None, 1:], model=model
    )[0]
    return (losses * weight).sum() / weight.sum()

  return jax.grad(loss)(params)


def whole(params, chunk, weight, model) -> np.ndarray:
  leaves = jax.tree.leaves(gradient(params, chunk, weight, model=model))
  return np.concatenate([np.ravel(leaf) for leaf in leaves])


def test_sketches_keep_inner_products(finetuning, sequences):
  chunks, weights = sequences
  weights = weights.copy()
  weights[3, :20] = 0
  model = finetuning.model
  params = models.init(model, seed=0)
  found = gradients.sketches(params, chunks, weights, model=model)
  assert found.shape == (11, 8192)
  exact = np.array(
    [whole(params, c, w, model) for c, w in zip(chunks, weights, strict=True)]
  )
  products, expected = found @ found.T, exact @ exact.T
  size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
  assert np.abs((products - expected) / size).max() < 5 / np.sqrt(8192)
  again = gradients.sketches(params, chunks[2:4], weights[2:4], model=model)
  np.testing.assert_allclose(again, found[2:4], rtol=1e-5, atol=1e-7)


def test_products_stand_at_their_tasks_and_examples(
  cache, finetuning, text, tmp_path
):
  """Of a toy study, against gradients that are taken whole."""
  other = dataclasses.replace(finetuning, domain=text["poems"])
  for run in (finetuning.parent, finetuning, other):
    run_lib.do_run(run, options_in(tmp_path))
  study = tmp_path / "toy"
  matrix = load.load(study)
  found = matrix_gradients.products(matrix, study)
  assert found.shape == matrix.shape == (2, 16)
  swapped = matrix_gradients.products(
    matrix.take(columns=slice(None, None, -1)), study
  )
  np.testing.assert_allclose(swapped, found[:, ::-1], rtol=1e-4, atol=1e-6)
  own = starts.load_params(
    load.RunDirectory(study / finetuning.parent.name), finetuning.parent
  )
  runs = [run for run, _ in load.finished(study)]
  examples = {
    key.decode(): chunk for key, chunk in _validation(finetuning.parent).items()
  }
  one = np.ones(32, np.float32)
  of_example = whole(own, examples[str(matrix.examples[5])], one, runs[0].model)
  for row, run in enumerate(runs):
    from forgetting.runs import text as run_text

    target = run_text.mixture_of(run).target
    chunks = target.pool.take(target.unique)
    of_task = np.mean([whole(own, c, one, run.model) for c in chunks], axis=0)
    size = np.linalg.norm(of_task) * np.linalg.norm(of_example)
    error = found[row, 5] + of_task @ of_example
    assert abs(error) < 5 / np.sqrt(8192) * size


def _validation(parent) -> dict:
  from forgetting.data.store import chunk_ids
  from forgetting.runs import text as run_text

  pool = run_text.pretraining_pool(parent, "validation")
  chunks = pool.take(np.arange(len(pool)))
  return dict(zip(chunk_ids(chunks), chunks, strict=True))


def test_a_matrix_in_a_file_has_no_gradients(tmp_path):
  np.savez(tmp_path / "z.npz", Z=np.eye(3))
  matrix = load.load(tmp_path / "z.npz")
  with pytest.raises(InputError, match="gradients need a study"):
    matrix_gradients.products(matrix, tmp_path / "z.npz")
