"""What the annotation of a config's field allows.

A kind takes a value that is one of it, or stands for one without loss, and
gives it in one form: 100.0 and numpy's 100 are 100 where an int is declared, a
list is a tuple. So equal configs have equal JSON, which is what they are named
by.
"""

from collections.abc import Callable, Sequence
import dataclasses
import functools
import numbers
import types
import typing
from typing import Annotated, Literal, NamedTuple

from forgetting.config.errors import shown
from forgetting.config.ranges import LARGEST_FLOAT, LARGEST_INT, Range


class Refused(Exception):
  """A value is not of a kind; its text, if any, is what to write instead."""


class Kind(NamedTuple):
  """Values that a field may hold.

  Attributes:
    words: what a message calls one of them: "expected WORDS".
    take: value -> the value in the one form; raises `Refused`.
  """

  words: str
  take: Callable[[object], object]


@functools.cache  # a table of a study reads thousands of configs
def kinds_of(cls: type) -> dict[str, Kind]:
  """Field -> kind, of a config's class.

  Raises:
    TypeError: an annotation that no kind is known for; a mistake in the class.
  """
  hints = typing.get_type_hints(cls, include_extras=True)
  return {f.name: kind_of(hints[f.name]) for f in dataclasses.fields(cls)}


def kind_of(annotation) -> Kind:
  """The kind of what is written after a field's colon.

  Raises:
    TypeError: it is none of those below.
  """
  origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
  if origin is Annotated:
    return _number(*inner)
  if origin is Literal:
    return _choice(inner)
  if origin is tuple and len(inner) == 2 and inner[1] is ...:
    return _tuple(kind_of(inner[0]))
  if origin in (typing.Union, types.UnionType):
    return _any([kind_of(option) for option in inner])
  if annotation in _PLAIN:
    return _PLAIN[annotation]
  if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
    return _config(annotation)
  raise TypeError(f"no kind of value is known for {annotation}")


def _number(of: type, within: Range) -> Kind:
  lowest, highest, zero = within.lowest, within.highest, of(0)

  def take(value):
    if type(value) is not of:
      value = _converted(value, of)
    if not lowest <= value <= highest:  # NaN is in no range
      raise Refused
    return value or zero  # -0.0 equals 0.0 and is written otherwise

  return Kind(within.words, take)


def _converted(value, of: type):
  """An int as a float, and the reverse where it is whole; numpy's as Python's.

  A bool is no number: `steps=True` is a mistake.
  """
  if not isinstance(value, numbers.Real) or isinstance(value, bool):
    raise Refused
  try:
    converted = of(value)
  except (OverflowError, ValueError):  # 10**400 as a float, inf as an int
    raise Refused from None
  if of is int and converted != value:
    raise Refused
  return converted


def _take_bool(value) -> bool:
  if not isinstance(value, bool):
    raise Refused
  return value


def _take_text(value) -> str:
  if type(value) is str:
    return value
  if not isinstance(value, str):
    raise Refused
  return "".join(value)  # of numpy.str_, and of an enum its value


def _take_none(value) -> None:
  if value is not None:
    raise Refused


_PLAIN = {
  int: _number(int, Range("a whole number", -LARGEST_INT, LARGEST_INT)),
  float: _number(float, Range("a finite number", -LARGEST_FLOAT)),
  bool: Kind("True or False", _take_bool),
  str: Kind("a str", _take_text),
  types.NoneType: Kind("None", _take_none),
}


def _choice(options: Sequence[str]) -> Kind:
  def take(value):
    text = _take_text(value)
    if text not in options:
      raise Refused
    return text

  return Kind(f"one of {', '.join(options)}", take)


def _config(cls: type) -> Kind:
  def take(value):
    if not isinstance(value, cls):
      raise Refused
    return value

  article = "an" if cls.__name__[0] in "AEIOU" else "a"
  return Kind(f"{article} {cls.__name__}", take)


def _tuple(inner: Kind) -> Kind:
  def take(value):
    if isinstance(value, (tuple, list)):
      taken = tuple(map(inner.take, value))
      same = type(value) is tuple and all(map(_is, taken, value))
      return value if same else taken
    inner.take(value)
    raise Refused(f"; for one alone write ({shown(value)},)")

  return Kind(f"a tuple, each item {inner.words}", take)


def _is(one: object, other: object) -> bool:
  return one is other


def _any(kinds: Sequence[Kind]) -> Kind:
  def take(value):
    for kind in kinds:
      try:
        return kind.take(value)
      except Refused:
        continue
    raise Refused

  # None last, as one says it
  named = sorted((kind.words for kind in kinds), key=lambda w: w == "None")
  return Kind(" or ".join(named), take)
