"""What a user tells an engine once: a small TOML file."""

from collections.abc import Mapping
import dataclasses
import difflib
import os
import tomllib
import types
import typing

from forgetting.config import InputError


def read(path: str | None) -> dict[str, object]:
  """The settings of a profile.

  Args:
    path: of the TOML file; without one there are none.

  Raises:
    InputError: no such file, or it is not TOML.
  """
  if path is None:
    return {}
  if not os.path.isfile(path):
    raise InputError(f"--profile: found no file {path}, expected a TOML file")
  try:
    with open(path, "rb") as file:
      return tomllib.load(file)
  except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
    raise InputError(f"{path}: {error}, expected TOML") from error


def settings(cls: type, values: Mapping[str, object], *, where: str | None):
  """A frozen dataclass of an engine's settings, from a profile.

  Args:
    cls: its fields have the types str, int, bool or tuple[str, ...], or one of
      them | None.
    values: what `read` gives.
    where: the profile's name, for messages.

  Raises:
    InputError: a setting that the engine does not have, is missing, or is of
      another type.
  """
  where = where or "--profile"
  fields = {field.name: field for field in dataclasses.fields(cls)}
  for name in values:
    if name not in fields:
      near = difflib.get_close_matches(name, fields, n=1)
      hint = f"; did you mean {near[0]!r}?" if near else ""
      raise InputError(
        f"{where}: found {name!r}, expected some of {', '.join(fields)}{hint}"
      )
  for name, field in fields.items():
    missing = dataclasses.MISSING
    if name not in values and field.default is missing:
      raise InputError(f"{where}: {name} is missing, expected it")
  kinds = typing.get_type_hints(cls)
  return cls(
    **{k: _value(v, kinds[k], f"{where}: {k}") for k, v in values.items()}
  )


def _value(value, annotation, where: str):
  if typing.get_origin(annotation) is types.UnionType:
    annotation = typing.get_args(annotation)[0]
  if typing.get_origin(annotation) is tuple:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
      return tuple(value)
    raise InputError(f"{where}: found {value!r}, expected a list of strings")
  if type(value) is not annotation:
    word = {str: "a string", int: "a whole number", bool: "true or false"}
    raise InputError(f"{where}: found {value!r}, expected {word[annotation]}")
  return value
