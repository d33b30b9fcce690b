"""What configs must hold, told in one line when they do not."""

from forgetting.config.errors import InputError, shown
from forgetting.config.kinds import Refused, kinds_of


def check(holds: bool, field: str, found, expected: str) -> None:
  """Refuses a value unless something holds.

  Args:
    holds: whether all is well.
    field: what the user would change: "Run.steps", "--save-every".
    found: its value.
    expected: what it should be, in words.

  Raises:
    InputError: it does not hold.
  """
  if not holds:
    raise InputError(f"{field}: found {found!r}, expected {expected}")


class Config:
  """Base of the frozen dataclasses that people write studies with.

  Before anything else every value is held against the annotation of its field
  and brought into the one form of that kind (`forgetting.config.kinds`); what
  the fields must be together a class says in `_check`.

  Raises:
    InputError: a value that a field cannot have, in one line that names it.
  """

  def __init_subclass__(cls):
    super().__init_subclass__()
    if "__post_init__" in vars(cls):
      raise TypeError(f"{cls.__name__}: write _check, not __post_init__")

  def __post_init__(self):
    check_types(self)
    self._check()

  def _check(self) -> None:
    """Raises InputError where fields, each by itself right, do not agree."""


def check_types(config) -> None:
  """Brings every field of a dataclass into the form that its annotation says.

  Raises:
    InputError: the first field whose value is of another kind.
  """
  cls: type = type(config)
  values = vars(config)
  for field, kind in kinds_of(cls).items():
    found = values[field]
    try:
      value = kind.take(found)
    except Refused as refused:
      raise InputError(
        f"{cls.__name__}.{field}: found {shown(found)}, expected"
        f" {kind.words}{refused}"
      ) from None
    if value is not found:
      object.__setattr__(config, field, value)
