"""How protection by source is told."""

import numpy as np

from forgetting.associations import protection_words
from forgetting.associations.protection import Protection


def test_of_examples_of_one_source_there_is_no_column_a_source():
  found = Protection(
    injection=0.2,
    cells=1,
    sources=("own", "pool4"),
    id=np.arange(3),
    text=np.array(["near"] * 3),
    without=np.array([1.0, 2.0, 3.0]),
    left=np.array([[0.5, 1.0, 1.5], [0.9, 1.9, 2.6]]),
  )
  head, *rows, note = protection_words.lines(found)
  assert head.startswith("forgetting that 20 % of replay removes")
  assert [row.split()[0] for row in rows] == ["source", "own", "pool4"]
  assert "near" not in rows[0] and "10 ±" in rows[2]
  assert "+0.800 ± 0.208" in rows[2] and note.startswith("±")


def test_numbers_are_those_of_the_table():
  draw = np.random.default_rng(0)
  found = Protection(
    injection=0.05,
    cells=2,
    sources=("own", "medical", "self-t1"),
    id=np.arange(20),
    text=np.repeat(["far", "near"], 10),
    without=1 + draw.random(20),
    left=draw.random((3, 20)),
  )
  data = protection_words.data(found)
  assert len(data["kept"]) == 9 and {*data["agreement"]} == {
    "medical",
    "self-t1",
  }
  own = next(x for x in protection_words.lines(found) if x.startswith("own"))
  for row in data["kept"][:3]:
    assert f"{100 * row['removed']:.0f} ±" in own
