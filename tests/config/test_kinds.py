import dataclasses
from typing import Annotated, Literal

import pytest

from forgetting.config.kinds import Refused, kind_of
from forgetting.config.ranges import Count, Range


@dataclasses.dataclass(frozen=True)
class Thing:
  size: int = 1


@dataclasses.dataclass(frozen=True)
class Larger(Thing):
  pass


# annotation, what it takes as it is, what it refuses
TAKEN = [
  (int, [0, -3, 2**63 - 1], [0.5, 2**63, "1", True]),
  (float, [0.5, -1e300], ["1.0", float("inf"), False]),
  (bool, [True, False], [0, 1, "yes", None]),
  (str, ["", "a"], [b"a", 1, None]),
  (Literal["a", "b"], ["a"], ["c", 1]),
  (Thing, [Thing(), Larger()], [{"size": 1}, Thing, None]),
  (Thing | None, [None, Thing()], ["a"]),
  (Count | None, [None, 1], [0, 0.5]),
  (tuple[int, ...], [(), (1, 2)], [1, (1, "2"), {1, 2}, None]),
  (tuple[Thing, ...], [(Thing(),)], [Thing(), ("a",)]),
  (Annotated[int, Range("a die's side", 1, 6)], [1, 6], [0, 7]),
]


@pytest.mark.parametrize(("annotation", "taken", "refused"), TAKEN)
def test_what_an_annotation_takes(annotation, taken, refused):
  kind = kind_of(annotation)
  for value in taken:
    assert kind.take(value) is value or kind.take(value) == value
  for value in refused:
    with pytest.raises(Refused):
      kind.take(value)


@pytest.mark.parametrize(
  ("annotation", "value", "form"),
  [
    (int, 3.0, 3),
    (float, 3, 3.0),
    (float, -0.0, 0.0),
    (tuple[float, ...], [1, 2], (1.0, 2.0)),
  ],
)
def test_the_one_form(annotation, value, form):
  taken = kind_of(annotation).take(value)
  assert repr(taken) == repr(form)


def test_what_is_right_already_is_given_back_itself():
  """So a config that is right is not written to."""
  names = ("a", "b")
  assert kind_of(tuple[str, ...]).take(names) is names


@pytest.mark.parametrize(
  ("annotation", "words"),
  [
    (Thing | None, "a Thing or None"),
    (tuple[str, ...], "a tuple, each item a str"),
    (Literal["a", "b"], "one of a, b"),
    (Count, "a whole number above 0"),
  ],
)
def test_words(annotation, words):
  assert kind_of(annotation).words == words


@pytest.mark.parametrize("annotation", [dict, list[int], tuple[int, int], set])
def test_an_annotation_of_no_kind_is_a_mistake_in_the_class(annotation):
  with pytest.raises(TypeError, match="no kind of value is known for"):
    kind_of(annotation)
