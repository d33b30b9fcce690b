"""Fits of several groups of runs, and what is read from a fit's file."""

from __future__ import annotations

from collections.abc import Sequence
import json
import os

from forgetting.config import InputError
from forgetting.laws import lockstep
from forgetting.laws.fitted import Fit
from forgetting.laws.law import LAWS, find
from forgetting.laws.lockstep import Search
from forgetting.laws.trials import trying_everywhere
from forgetting.storage import finite_json

USUAL = "forgetting"  # of several fits, where no law is named
ROWS = 1000  # of fits that are worked out in step: 8 MB of weights a copy


class Fits(dict):
  """Fits by the value of a column; prints all of them.

  Attributes:
    by: that column's name.
  """

  def __init__(self, by: str, fits: dict):
    """Takes the column's name, and the value -> its Fit."""
    super().__init__(fits)
    self.by = by

  def as_dict(self) -> dict:
    """The column's name and all fits, as JSON takes them."""
    return {
      "by": self.by,
      "groups": {name: fit.as_dict() for name, fit in self.items()},
    }

  def to_json(self) -> str:
    """JSON with the column's name and all fits: see `Fit.to_json`."""
    return finite_json.dumps(self.as_dict(), indent=1)

  @classmethod
  def from_json(cls, text: str) -> Fits:
    """Reads what `to_json` wrote.

    Raises:
      InputError: it is not the JSON of fits.
    """
    return cls.from_dict(json.loads(text))

  @classmethod
  def from_dict(cls, stored: dict) -> Fits:
    """Reads what `as_dict` gave.

    Raises:
      InputError: it is not the JSON of fits.
    """
    fits = {k: Fit.from_dict(v) for k, v in stored["groups"].items()}
    return cls(stored["by"], fits)

  def __str__(self) -> str:
    return "\n\n".join(f"{self.by} {name}\n{fit}" for name, fit in self.items())

  def _repr_html_(self) -> str:
    return "".join(
      f"<h4>{self.by} {name}</h4>{fit._repr_html_()}"
      for name, fit in self.items()
    )


def read(source, law: str | None = None):
  """Reads a Fit or Fits from a JSON file.

  Args:
    source: the file; anything that is no path to JSON is given back.
    law: which, of a file that has several: what `forgetting fit STUDY` writes;
      by default `forgetting`, or the only one.

  Raises:
    InputError: a file that cannot be read, or that is not the JSON of a fit.
  """
  if not isinstance(source, (str, os.PathLike)):
    return source
  if not os.fspath(source).endswith(".json"):
    return source
  try:
    with open(source) as file:
      stored = json.load(file)
  except (OSError, ValueError) as problem:
    raise InputError(f"cannot read the fit {source}: {problem}") from None
  stored = _object(stored, source)
  if several := [name for name in stored if name in LAWS]:
    asked = law or (several[0] if len(several) == 1 else USUAL)
    if asked not in several:
      raise InputError(
        f"law {find(asked).name}: found fits of {', '.join(several)} in"
        f" {source}, expected it among them; name one of these (--law)"
      )
    stored = _object(stored[asked], source)
  if "groups" in stored and "by" in stored:
    _object(stored["groups"], source)
    return Fits.from_dict(stored)
  return Fit.from_dict(stored)


def _object(stored, source) -> dict:
  if not isinstance(stored, dict):
    raise InputError(f"{source}: found no object in it, expected that of a fit")
  return stored


def working_out(fits: Sequence[Fit]) -> Search[None]:
  """Works out in step what whoever prints fits asks of each in turn.

  That is its draws, what it does not identify, and its trials: each fit
  remembers them.

  Args:
    fits: they still have their data.
  """
  for portion in lockstep.portions(fits, [fit.n for fit in fits], ROWS):
    searches: list[Search] = []
    for fit in portion:
      searches += [fit.drawing(), fit.identifying(), trying_everywhere(fit)]
    yield from lockstep.gather(searches)
