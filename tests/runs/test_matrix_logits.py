"""What kept models tell of logits: each parent read once, all in its place."""

import dataclasses

import jax
import numpy as np
import pytest
from study_of_text import study_of_text

from forgetting.associations import load
from forgetting.associations.states import CHUNKS
from forgetting.records import StudyDirectory
from forgetting.runs import matrix_logits
from forgetting.runs.matrix_logits import Kept, Text
from forgetting.training import head_change, models
from forgetting.training import losses as losses_lib
from forgetting.training.checkpoint import save_params

COLUMNS = 11


@pytest.fixture
def kept(tmp_path, finetuning, text, monkeypatch):
  """Two runs whose models are kept; the parent's reads are counted."""
  folder = study_of_text(tmp_path, finetuning, text, monkeypatch)
  params = models.init(finetuning.model, seed=0)
  asked = []
  monkeypatch.setattr(
    matrix_logits.starts,
    "load_parent",
    lambda *_: asked.append(1) or params,
  )
  found = load.finished(folder)
  tuned = [models.init(finetuning.model, seed=1 + i) for i in range(2)]
  for (_, directory), own in zip(found, tuned, strict=True):
    save_params(directory.best, jax.device_put(own))
  generator = np.random.default_rng(0)
  rows = COLUMNS + 2 * CHUNKS
  weights = np.ones((rows, 32), np.float32)
  weights[COLUMNS + 1, 5:] = 0
  sequences = Text(generator.integers(0, 259, (rows, 33), np.int32), weights)
  runs = [run for run, _ in found]
  return (
    Kept(StudyDirectory(folder), runs, sequences, COLUMNS),
    params,
    tuned,
    asked,
  )


def test_the_fixed_logit_is_of_each_run_and_reads_the_parent_once(kept):
  found, params, tuned, asked = kept
  logit = found.fixed_logit()
  assert asked == [1]
  model, text = found.runs[1].model, found.text
  own = slice(COLUMNS + CHUNKS, None)
  change = head_change.fitted(
    params, tuned[1], text.chunks[own], text.weights[own], model=model
  )
  expected = head_change.rises(
    params,
    change,
    text.chunks[:COLUMNS],
    text.weights[:COLUMNS],
    model=model,
  )
  np.testing.assert_allclose(logit[1], expected, rtol=1e-3, atol=1e-4)


def test_tokens_have_the_logits_of_before_and_what_was_done_to_them(kept):
  found, params, tuned, asked = kept
  tokens = found.tokens()
  assert asked == [1]
  model, text = found.runs[0].model, found.text
  before = losses_lib.apply(params, text.chunks[:, :-1], model=model)
  told = np.float32(tokens.examples) @ tokens.head[:-1] + tokens.head[-1]
  np.testing.assert_allclose(told, before[:COLUMNS], atol=0.02)
  np.testing.assert_array_equal(tokens.targets, text.chunks[:COLUMNS, 1:])
  for row, own in enumerate(tuned):
    at = slice(COLUMNS + row * CHUNKS, COLUMNS + (row + 1) * CHUNKS)
    after = losses_lib.apply(own, text.chunks[at, :-1], model=model)
    change = (after - before[at]) * text.weights[at][..., None]
    np.testing.assert_allclose(
      tokens.changes[row], change.reshape(-1, 259), atol=0.02
    )
  assert tokens.counted.tolist() == [CHUNKS * 32 - 27, CHUNKS * 32]


def test_runs_of_several_parents_have_no_tokens(kept):
  found, *_ = kept
  assert found.has_tokens
  parent = dataclasses.replace(found.runs[1].parent, seed=7)
  other = dataclasses.replace(found.runs[1], parent=parent)
  both = dataclasses.replace(found, runs=[found.runs[0], other])
  assert not both.has_tokens
