"""Numbers on the command line, as people write them: 400k, 1.3B, 5%."""

from typing import Annotated

import tyro

from forgetting.config import InputError, amounts

NAMES = {int: "INT", float: "FLOAT"}
NUMBERS = {kind: kind for kind in NAMES} | {k | None: k for k in NAMES}
REGISTRY = tyro.constructors.ConstructorRegistry()

# a number whose percent sign means what another option says
Tolerance = Annotated[str, tyro.conf.arg(metavar="FLOAT")]
AnyTolerance = Annotated[str | None, tyro.conf.arg(metavar="FLOAT")]


@REGISTRY.primitive_rule
def _as_written(info):
  """Reads every int and float of the verbs; None: of another type.

  One that may be left out is read alike, so that an error is of the number
  alone: None is what it is by default, not what anybody writes.
  """
  kind = NUMBERS.get(info.type)
  if kind is None:
    return None
  return tyro.constructors.PrimitiveConstructorSpec(
    nargs=1,
    metavar=NAMES[kind],
    instance_from_str=lambda texts: _number(texts[0], kind),
    is_instance=lambda value: (
      (value is None and info.type is not kind)
      or type(value) is kind
      or (type(value), kind) == (int, float)
    ),
    str_from_instance=lambda value: [str(value)],
  )


def _number(text: str, kind: type) -> int | float:
  """A text as an int or a float.

  Raises:
    ValueError: it is none; tyro says of which option.
  """
  value = amounts.number(text)
  if value is None:
    raise ValueError(f"{text!r} is no number, expected {amounts.EXPECTED}")
  try:
    number = kind(value)
  except OverflowError:
    raise ValueError(
      f"{text!r} is larger than any number here, expected {amounts.EXPECTED}"
    ) from None
  if kind is int and number != value:
    raise ValueError(f"{text!r} is not whole, expected a whole number")
  return number


def tolerance(text: str, unit: str) -> float:
  """The forgetting that is allowed.

  Args:
    text: as `0.05` or, of a unit that is percent, `5` and `5%` alike.
    unit: loss (nats per token), percent or progress.

  Raises:
    InputError: no number, or percent where nats are meant.
  """
  value = amounts.number(text)
  if value is None:
    raise InputError(
      f"--tolerance: found {text!r}, expected {amounts.EXPECTED}"
    )
  if "%" not in text:
    return float(value)
  if unit == "loss":
    raise InputError(
      f"--tolerance: found {text}, expected nats per token as 0.05; for percent"
      " give --unit percent (of the loss) or --unit progress (of what"
      " pretraining gained) as well, to a verb that has it"
    )
  return 100 * value
