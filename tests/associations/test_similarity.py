"""Similarity baselines on texts and matrices with known answers."""

import sys

import numpy as np
import pytest
import synthetic

from forgetting.associations import similarity
from forgetting.config import InputError


def test_tfidf_by_hand():
  found = similarity.tfidf(["One two two", "two three", "x"]).toarray()
  rare, common = np.log(4 / 2) + 1, np.log(4 / 3) + 1
  first = np.array([rare, 2 * common, 0])
  np.testing.assert_allclose(found[0], first / np.linalg.norm(first))
  second = np.array([0, common, rare])
  np.testing.assert_allclose(found[1], second / np.linalg.norm(second))
  assert not found[2].any()  # one letter is no word


def test_a_task_is_nearest_to_its_own_text():
  texts = [synthetic.document(80, seed=i) for i in range(6)]
  found = similarity.text_similarity([[t] for t in texts], texts)
  assert found.shape == (6, 6)
  np.testing.assert_allclose(np.diag(found), 1)
  assert (found.argmax(1) == np.arange(6)).all()


def test_a_task_is_the_mean_of_its_texts():
  def embed(texts):
    return np.eye(3)[[int(text) for text in texts]]

  found = similarity.text_similarity(
    [["0", "1"], ["2"]], ["0", "1", "2"], embed=embed
  )
  half = 0.5**0.5
  np.testing.assert_allclose(found, [[half, half, 0], [0, 0, 1]])


def test_a_task_without_text_is_told():
  with pytest.raises(InputError, match="a task without text"):
    similarity.text_similarity([["a b"], []], ["a b"])


def test_correlation_and_its_interval():
  generator = np.random.default_rng(0)
  a = generator.normal(size=(30, 80))
  found = similarity.correlate(a, a + generator.normal(size=a.shape))
  assert found.pearson == pytest.approx(0.5**0.5, abs=0.04)
  low, high = found.pearson_interval
  assert low < 0.5**0.5 < high and high - low < 0.15
  none = similarity.correlate(a, generator.normal(size=a.shape))
  low, high = none.spearman_interval
  assert low < 0 < high


def test_intervals_know_that_a_row_is_one_thing():
  """Of row effects alone there are as many as rows, not as cells."""
  generator = np.random.default_rng(0)
  a, b = (np.tile(generator.normal(size=(8, 1)), 400) for _ in range(2))
  low, high = similarity.correlate(a, b).pearson_interval
  assert high - low > 0.5


def test_order_alone_counts_for_spearman():
  a = np.random.default_rng(0).normal(size=(5, 40))
  found = similarity.correlate(a, np.exp(3 * a), draws=20)
  assert found.spearman == pytest.approx(1)
  assert found.pearson < 0.9


def test_unmeasured_cells_are_left_out():
  a = np.random.default_rng(0).normal(size=(5, 40))
  b = a.copy()
  b[0, :30] = np.nan
  assert similarity.correlate(a, b, draws=20).pearson == pytest.approx(1)


def test_shapes_must_agree():
  with pytest.raises(InputError, match="found shape"):
    similarity.correlate(np.ones((2, 3)), np.ones((3, 2)))


def test_sentence_embeddings_need_their_package(monkeypatch):
  monkeypatch.setitem(sys.modules, "sentence_transformers", None)
  with pytest.raises(InputError, match="not installed"):
    similarity.sentence_embeddings(["a"])
