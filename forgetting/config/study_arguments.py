"""Arguments of a config's `study()` as the command line gives them."""

from collections.abc import Callable, Sequence
import difflib
import inspect
import types
import typing
from typing import Annotated

from forgetting.config import amounts
from forgetting.config.errors import InputError
from forgetting.config.kinds import Refused, kind_of


def typed(function: Callable, told: Sequence[str], where: str) -> dict:
  """Reads `name=value` by the annotations of a function.

  Numbers may be written as people do (400k, 1.3B, 5%), and the items of a
  tuple stand between commas.

  Args:
    function: `study`; every argument that has a name can be given.
    told: as in "seeds=0,1".
    where: what errors call the config.

  Returns:
    name -> value.

  Raises:
    InputError: an argument that there is not, or a value of another kind.
  """
  hints = typing.get_type_hints(function, include_extras=True)
  known = {
    name: hints.get(name, inspect.Parameter.empty)
    for name, parameter in inspect.signature(function).parameters.items()
    if parameter.kind
    in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
  }
  out = {}
  for part in told:
    name, equals, value = part.partition("=")
    name = name.strip().replace("-", "_")
    if not equals:
      raise InputError(f"--set: found {part!r}, expected NAME=VALUE")
    if name not in known:
      near = difflib.get_close_matches(name, known, n=1)
      hint = f"; did you mean {near[0]!r}?" if near else ""
      listed = ", ".join(known) or "no arguments"
      raise InputError(f"--set {name}: {where} has {listed}{hint}")
    if name in out:
      raise InputError(f"--set {name}: found it twice, expected it once")
    out[name] = _value(name, known[name], value.strip())
  return out


def _value(name: str, annotation, text: str):
  if annotation is inspect.Parameter.empty:
    number = amounts.number(text)
    return text if number is None else number
  try:
    kind = kind_of(annotation)
  except TypeError:
    raise InputError(
      f"--set {name}: its annotation {annotation} is none that a command line"
      " can give; expected numbers, text, True or False, or tuples of them"
    ) from None
  try:
    return kind.take(_read(annotation, text))
  except Refused:
    raise InputError(
      f"--set {name}: found {text!r}, expected {kind.words}"
    ) from None


def _read(annotation, text: str) -> object:
  """A text as what an annotation asks for; as text where it is none of that."""
  origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
  if origin is Annotated:
    return _read(inner[0], text)
  if origin is tuple:
    parts = [part.strip() for part in text.strip("()").split(",")]
    return tuple(_read(inner[0], part) for part in parts if part)
  if origin in (typing.Union, types.UnionType):
    options = [option for option in inner if option is not types.NoneType]
    if len(options) < len(inner) and text.lower() in ("none", ""):
      return None
    found = (_read(option, text) for option in options)
    return next((value for value in found if value is not text), text)
  if annotation is bool:
    words = {"true": True, "yes": True, "false": False, "no": False}
    return words.get(text.lower(), text)
  if annotation in (int, float):
    number = amounts.number(text)
    return text if number is None else number
  return text
