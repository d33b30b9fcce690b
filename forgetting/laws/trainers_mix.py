"""What a recipe is to give: shares, rows and tokens of a mixture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forgetting.config import InputError


@dataclass(frozen=True)
class Mix:
  """A mixture of target and general text.

  Attributes:
    injection: share of the tokens that is general text, between 0 and 1.
    target_tokens: unique tokens of target text.
    passes: over the target text, a whole number.
    row_tokens: mean tokens of a row of target text, and of one of general
      text, as the trainer sees them (cut to its context); None: not known.
    general_rows: that the general text has; None: not known.
  """

  injection: float
  target_tokens: float
  passes: int = 1
  row_tokens: tuple[float, float] | None = None
  general_rows: int | None = None

  def __post_init__(self):
    if self.row_tokens and min(self.row_tokens) <= 0:
      raise InputError(
        f"--row-tokens: found {self.row_tokens}, expected two positive means"
      )

  @property
  def ratio(self) -> float:
    """General tokens for each target token."""
    return self.injection / (1 - self.injection)

  @property
  def injected_tokens(self) -> float:
    """General tokens of the whole training."""
    return self.target_tokens * self.passes * self.ratio

  @property
  def trained_tokens(self) -> float:
    """Tokens of the whole training."""
    return self.target_tokens * self.passes + self.injected_tokens

  @property
  def rows(self) -> tuple[float, float]:
    """Mean tokens of a row of target and of general text."""
    assert self.row_tokens is not None, "checked before"
    return self.row_tokens

  @property
  def row_share(self) -> float:
    """The share of *rows* that is general text."""
    target, general = self.rows
    injected = self.injection / general
    return injected / (injected + (1 - self.injection) / target)

  @property
  def general_rows_needed(self) -> int:
    """Rows of general text for one pass over the target text."""
    _, general = self.rows
    return max(1, round(self.target_tokens * self.ratio / general))

  @property
  def all_general_rows(self) -> int:
    """Rows of general text for all passes, none of them twice."""
    return max(1, round(self.injected_tokens / self.rows[1]))

  @property
  def in_whole_rows(self) -> float:
    """The injection that the needed rows, a whole number, amount to."""
    general = self.general_rows_needed * self.rows[1]
    return general / (general + self.target_tokens)

  @property
  def told(self) -> str:
    """In one line."""
    line = (
      f"{100 * self.injection:.3g} % of the tokens are general text,"
      f" {self.injected_tokens:,.0f} beside {self.passes} x"
      f" {self.target_tokens:,.0f} target tokens"
    )
    if self.row_tokens:
      line += f"; {100 * self.row_share:.3g} % of the rows,"
      line += f" {self.all_general_rows:,} of"
      line += f" {self.rows[1]:,.4g} tokens"
    return line


@dataclass(frozen=True)
class Trainer:
  """Somebody else's trainer, and how it mixes.

  Attributes:
    name: as `--for` takes it.
    source: what says so, with its version.
    meaning: of its number, for people.
    fields: writes a mix in its fields.
    by_rows: whether it mixes rows, so that their lengths must be known.
    whole: whether a whole number of rows makes the share.
    of_all: whether its number is a share of the general text's rows.
  """

  name: str
  source: str
  meaning: str
  fields: Callable[[Mix], str]
  by_rows: bool = False
  whole: bool = False
  of_all: bool = False
