"""The texts at both ends: which, and how they are told."""

import dataclasses

import numpy as np
from planted_matrices import planted
import pytest

from forgetting.associations import readings, structure, words
from forgetting.associations.matrix import build


@pytest.fixture
def matrix():
  values = planted(6, 40)
  texts = [f"Text of\nexample {j} " + "x" * 300 for j in range(40)]
  base = np.linspace(2, 3, 40)
  return build(values, texts=texts, base=base, sources=["wiki"] * 40)


def read(matrix):
  return readings.read(matrix, structure.analyse(matrix))


def test_ends_are_those_of_the_means_the_components_and_the_tasks(matrix):
  found = read(matrix)
  names = [ends.name for ends in found]
  assert names[:4] == ["all tasks", "component 1", "component 2", "component 3"]
  assert names[4:] == matrix.tasks.tolist()
  mean = matrix.values.mean(0)
  most = [one.example for one in found[0].most]
  assert most == matrix.examples[np.argsort(-mean)[:10]].tolist()
  least = found[6].least[0]
  assert least.forgetting == matrix.values[2].min()
  at = int(np.argmin(matrix.values[2]))
  assert least.before == matrix.base[2, at]
  assert least.after == pytest.approx(least.before + least.forgetting)


def test_a_component_is_told_in_the_sign_of_its_tasks(matrix):
  flipped = dataclasses.replace(matrix, values=-matrix.values)
  first, other = read(matrix)[1], read(flipped)[1]
  heaviest = {one.example for one in (*first.most, *first.least)}
  assert heaviest == {one.example for one in (*other.most, *other.least)}
  ours = structure.analyse(matrix)
  sign = np.sign(ours.left[:, 0].sum())
  assert first.most[0].weight == pytest.approx((sign * ours.right[0]).max())


def test_an_excerpt_is_one_line_of_200_characters():
  assert readings.excerpt("a\n\tb\x00 c") == "a b c"
  assert readings.excerpt("x" * 200) == "x" * 200
  long = readings.excerpt("x" * 201)
  assert len(long) == 200 and long.endswith("…")


def test_without_texts_or_with_numbers_of_tokens_there_is_nothing(matrix):
  none = dataclasses.replace(matrix, texts=None)
  assert read(none) == () and words.reading_lines(()) == []
  tokens = dataclasses.replace(
    matrix, texts=np.array(["t5 t17"] * 40, dtype=object)
  )
  assert read(tokens) == ()


def test_cells_that_nobody_measured_are_at_no_end(matrix):
  values = matrix.values.copy()
  at = int(np.argmax(values[0]))
  values[0, at] = np.nan
  holed = dataclasses.replace(matrix, values=values)
  found = read(holed)
  ends = {one.example for one in found[4].most + found[4].least}
  assert matrix.examples[at] not in ends
  assert all(np.isfinite(one.forgetting) for one in found[4].most)


def test_lines_say_losses_source_and_text(matrix):
  lines = "\n".join(words.reading_lines(read(matrix)))
  assert "most forgotten, all tasks" in lines
  assert "least forgotten, component 3" in lines
  assert " to " in lines and "wiki: Text of example" in lines
  bare = dataclasses.replace(matrix, base=None)
  assert "(" not in "\n".join(words.reading_lines(read(bare)))
