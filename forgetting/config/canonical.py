"""Configs as canonical JSON: the same text for the same config, and back."""

from collections.abc import Iterable, Mapping
import dataclasses
import difflib
import functools
import hashlib
import json
import typing

from forgetting.config.errors import InputError

# Metadata of a field that a config has not always had: while it has its default
# it is left out of the JSON, so that runs done before it came keep their names.
LATER = {"later": True}


def to_json(config) -> str:
  """Canonical JSON of a config: sorted keys, shortest floats."""
  return json.dumps(_as_dict(config), sort_keys=True)


def _as_dict(value):
  if isinstance(value, tuple):
    return [_as_dict(item) for item in value]
  cls: type = type(value)
  fields = _fields(cls)
  if not fields:
    return value
  return {
    field.name: _as_dict(getattr(value, field.name))
    for field in fields
    if not field.metadata.get("later")
    or getattr(value, field.name) != field.default
  }


@functools.cache
def _fields(cls: type) -> tuple[dataclasses.Field, ...]:
  """Those of a config; none of anything else."""
  return dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()


def digest(config) -> str:
  """First eight hexadecimal characters of the hash of the canonical JSON."""
  return hashlib.sha256(to_json(config).encode()).hexdigest()[:8]


def from_dict(cls: type, values: Mapping):
  """The config that `to_json` wrote.

  Args:
    cls: the config's class.
    values: field -> value, as `json.loads` gives them.

  Raises:
    InputError: a field that there is not, that is missing, or whose value it
      cannot have.
  """
  inner = _inner(cls)
  for name in values.keys() - inner.keys():
    raise InputError(unknown_field(cls, name))
  if missing := _required(cls) - values.keys():
    raise InputError(missing_fields(cls, missing))
  given = dict(values)
  for name, value in values.items():
    if configs := inner[name]:
      given[name] = _inside(configs, value)
  return cls(**given)


def _inside(configs: tuple[type, ...], value):
  """A config in a field of another, or several of them in a tuple."""
  if isinstance(value, list):
    return tuple(_inside(configs, item) for item in value)
  if not isinstance(value, dict):
    return value
  return from_dict(_meant(configs, value), value)


def _meant(configs: tuple[type, ...], values: Mapping) -> type:
  """Of those that a field may hold, the one that has these fields.

  A `kind` is said where several have the same; a subclass is meant where a
  class lacks fields.
  """
  subclasses: list[type] = []
  for config in configs:
    subclasses += type.__subclasses__(config)
  for config in (*configs, *subclasses):
    kinds = [f.default for f in _fields(config) if f.name == "kind"]
    if "kind" in values and kinds and values["kind"] not in kinds:
      continue
    if values.keys() <= _inner(config).keys():
      return config
  return configs[0]


@functools.cache  # a table of a study reads thousands of configs
def _inner(cls: type) -> dict[str, tuple[type, ...]]:
  """Field -> the configs that it may hold, none where it holds no config."""
  hints = typing.get_type_hints(cls)
  return {f.name: _configs(hints[f.name]) for f in dataclasses.fields(cls)}


def _configs(annotation) -> tuple[type, ...]:
  options = typing.get_args(annotation) or (annotation,)
  return tuple(
    option
    for option in options
    if isinstance(option, type) and dataclasses.is_dataclass(option)
  )


@functools.cache
def _required(cls: type) -> frozenset[str]:
  """Fields without a default; the configs here have no factories."""
  return frozenset(
    f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING
  )


def unknown_field(cls: type, name: str) -> str:
  """One line about a field that does not exist, the nearest named first."""
  fields = [f.name for f in dataclasses.fields(cls)]
  near = difflib.get_close_matches(name, fields, n=1)
  hint = f"; did you mean {near[0]!r}?" if near else ""
  return f"{cls.__name__} has no field {name!r}; it has {fields}{hint}"


def missing_fields(cls: type, names: Iterable[str]) -> str:
  """One line about fields that have no default and were not given."""
  told = ", ".join(f"{cls.__name__}.{name}" for name in sorted(names))
  return f"{told}: found nothing, expected a value: it has no default"
