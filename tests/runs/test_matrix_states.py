"""States of a study's text, and of texts in a file, at their places."""

import jax
import numpy as np
import pytest
from study_of_text import study_of_text
import tiny_checkpoint

from forgetting.associations import load
from forgetting.associations.states import CHUNKS
from forgetting.config import InputError
from forgetting.runs import matrix_chunks, matrix_logits, matrix_states, sides
from forgetting.training import models
from forgetting.training.checkpoint import save_params
from forgetting.training.states import pooled

TEXTS = ["one", "two words, and more of them than a context holds" * 3, ""]


@pytest.fixture
def study(tmp_path, finetuning, text, monkeypatch):
  made = study_of_text(tmp_path, finetuning, text, monkeypatch)
  model = finetuning.model
  params = models.init(model, seed=0)
  asked = []

  def side(path, context=None):
    assert path == str(made / finetuning.parent.name)
    return sides.Side(
      path, "run", model, "bytes", lambda: asked.append(1) or params
    )

  monkeypatch.setattr(matrix_states.sides, "side", side)
  return made, model, params, asked


def test_states_of_a_study_stand_at_their_tasks_and_examples(study):
  folder, model, params, asked = study
  matrix = load.load(folder)
  found = matrix_states.encode(matrix, folder, folder, encoder="parent")
  assert found.examples.shape == (16, 2, 16)
  assert found.tasks.shape == (2, CHUNKS, 2, 16)
  runs = [run for run, _ in load.finished(folder)]
  pool, ids = matrix_chunks.columns(runs[0].parent, runs)
  at = np.array([ids[str(key)] for key in matrix.examples])
  one = np.ones((16, 32))
  of_examples = pooled(params, pool.take(at)[:, :-1], one, model=model)
  np.testing.assert_allclose(found.examples, of_examples, atol=1e-5)
  for run, states in zip(runs, found.tasks, strict=True):
    pool, index = matrix_chunks.row(run, at_most=9)
    last = pool.take(index[-1:])[:, :-1]
    expected = pooled(params, last, one[:1], model=model)[0]
    np.testing.assert_allclose(states[-1], expected, atol=1e-5)
  matrix_states.encode(matrix, folder, folder, encoder="parent")
  assert asked == [1]  # the second time they are read
  swapped = matrix.take(rows=[1, 0], columns=slice(None, None, -1))
  again = matrix_states.encode(swapped, folder, folder, encoder="parent")
  np.testing.assert_allclose(again.tasks, found.tasks[::-1], atol=1e-5)
  np.testing.assert_allclose(again.examples, found.examples[::-1], atol=1e-5)


def test_kept_bests_give_the_fixed_logit(study, monkeypatch):
  folder, model, params, _ = study
  monkeypatch.setattr(matrix_logits.starts, "load_parent", lambda *_: params)
  for number, (_, directory) in enumerate(load.finished(folder)):
    tuned = models.init(model, seed=1 + number)
    save_params(directory.best, jax.device_put(tuned))
  matrix = load.load(folder)
  asked = dict(encoder="parent")
  found = matrix_states.encode(matrix, folder, folder, **asked)
  assert found.logit.shape == (2, 16) and found.tokens is None
  again = matrix_states.encode(matrix, folder, folder, tokens=True, **asked)
  np.testing.assert_array_equal(again.logit, found.logit)
  assert again.tokens.changes.shape == (2, CHUNKS * 32, model.vocab_size)
  monkeypatch.setattr(matrix_logits, "MOST", 1)
  dear = matrix_states.encode(matrix, folder, folder, tokens=True, **asked)
  assert dear.logit is None and dear.tokens is None


def test_texts_of_a_file_are_read_by_any_checkpoint(tmp_path):
  model = str(tiny_checkpoint.write(tmp_path / "model"))
  tasks = ["a task", "another"]
  file = tmp_path / "z.npz"
  np.savez(file, Z=np.eye(2, 3), texts=TEXTS, task_texts=tasks)
  found = matrix_states.encode(
    load.load(file), file, tmp_path / "kept", encoder=model
  )
  assert found.encoder == "model" and np.isfinite(found.examples).all()
  assert found.examples.shape == (3, 2, 16) and len(found.tasks) == 2
  side = sides.side(model)
  tokens = np.zeros((1, 64), np.int32)
  tokens[0, 0] = tiny_checkpoint.BEGIN
  weights = np.float32(np.isin(np.arange(64), [1, 2, 3]))[None]
  read = side.load()
  ids = matrix_states._tokens(
    "one", matrix_states.tokenizers.find(side.tokenizer)
  )
  tokens[0, 1:4] = ids
  expected = pooled(read, tokens, weights, model=side.model)[0]
  np.testing.assert_allclose(found.examples[0], expected, atol=1e-5)
  np.testing.assert_array_equal(
    found.tasks[0], found.tasks[0][:1].repeat(CHUNKS, 0)
  )


def test_a_file_needs_texts_and_a_model(tmp_path):
  file = tmp_path / "z.npz"
  np.savez(file, Z=np.eye(3))
  matrix = load.load(file)
  with pytest.raises(InputError, match="found no model in it"):
    matrix_states.encode(matrix, file, tmp_path, encoder="parent")
  with pytest.raises(InputError, match="found no `texts` and `task_texts`"):
    matrix_states.encode(matrix, file, tmp_path, encoder="./model")


def test_other_text_than_the_study_s_is_told(study):
  folder, *_ = study
  matrix = load.load(folder)
  matrix.examples[0] = "f" * 16
  with pytest.raises(InputError, match="found other text than example ffff"):
    matrix_states.encode(matrix, folder, folder, encoder="parent")
