"""What config fields must hold, told in one line when they do not."""

import dataclasses
import math

from forgetting.config.errors import InputError


def check(holds: bool, field: str, found, expected: str) -> None:
  if not holds:
    raise InputError(f"{field}: found {found!r}, expected {expected}")


def as_floats(config) -> None:
  """Writes 0 as 0.0 where a float is declared: equal configs, equal names."""
  for field in dataclasses.fields(config):
    value = getattr(config, field.name)
    if field.type is float and isinstance(value, int):
      object.__setattr__(config, field.name, float(value))


def check_positive(config, *fields: str) -> None:
  for field in fields:
    value = getattr(config, field)
    name = f"{type(config).__name__}.{field}"
    check(
      isinstance(value, (int, float)) and math.isfinite(value) and value > 0,
      name,
      value,
      "a number above 0",
    )
