"""The texts of a study's matrix: of its examples, of its tasks."""

import pathlib

import numpy as np
import pytest
from study_of_text import study_of_text

from forgetting.associations import load, similarity
from forgetting.config import InputError
from forgetting.runs import matrix_texts
from forgetting.runs import text as run_text


@pytest.fixture
def study(tmp_path, finetuning, text, monkeypatch):
  return study_of_text(tmp_path, finetuning, text, monkeypatch)


def words_of(source) -> set[str]:
  texts = [f.read_text().lower() for f in pathlib.Path(source).glob("*.txt")]
  return {word for text in texts for word in similarity.WORD.findall(text)}


def test_examples_and_tasks_say_what_their_sources_say(study, text):
  matrix = matrix_texts.attach(load.load(study), study)
  assert len(matrix.texts) == 16 and len(matrix.task_texts) == 2
  known = words_of(text["news"]) | words_of(text["letters"])
  for example in matrix.texts:
    # the first and the last word of a chunk may be cut
    inner = similarity.WORD.findall(example.lower())[1:-1]
    assert set(inner) <= known
  for family, texts in zip(matrix.families, matrix.task_texts, strict=True):
    inner = [w for t in texts for w in similarity.WORD.findall(t.lower())[1:-1]]
    assert len(texts) == 6  # 200 target tokens are six chunks of 32
    assert inner and set(inner) <= words_of(text[family])


def test_without_the_prepared_text_there_is_none(study, monkeypatch):
  def absent(run, source):
    raise InputError(f"{source}: not prepared")

  monkeypatch.setattr(run_text, "open_source", absent)
  matrix = load.load(study)
  assert matrix_texts.attach(matrix, study) is matrix


def test_a_file_is_left_as_it_is(tmp_path):
  np.savez(tmp_path / "z.npz", Z=np.ones((2, 3)))
  matrix = load.load(tmp_path / "z.npz")
  assert matrix_texts.attach(matrix, tmp_path / "z.npz") is matrix


def test_other_tokens_are_words_of_their_own():
  found = matrix_texts._decoded(np.array([[5, 7]]), "gpt2")
  assert found == ["t5 t7"]
