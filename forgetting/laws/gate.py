"""Did it forget too much? A verdict on two models' losses, source by source.

Tolerances are in bits a byte, since those of models with other tokenizers can
be told beside them. By default .05 for any source and .03 for the mean of the
sources: the gate of marin's mid-training (marin-community/marin issues 4507
and 4514).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from forgetting.config import InputError
from forgetting.laws import gate_accuracies
from forgetting.laws.gate_accuracies import Accuracy
from forgetting.laws.gate_changes import SourceChange
from forgetting.records import text_table


@dataclass(frozen=True)
class Tolerance:
  """What may be lost, bits a byte.

  Attributes:
    any_source: of each source.
    macro: of the mean of all sources, each as much.
  """

  any_source: float = 0.05
  macro: float = 0.03

  @classmethod
  def parse(cls, text: str) -> Tolerance:
    """Reads `0.05,0.03`: any source, macro mean.

    Raises:
      InputError: not two positive numbers.
    """
    try:
      any_source, macro = map(float, text.split(","))
    except ValueError:
      any_source = macro = np.nan
    if not (any_source > 0 and macro > 0):
      raise InputError(
        f"--tolerance: found {text!r}, expected two positive numbers in bits a"
        " byte, of any source and of their mean: 0.05,0.03"
      )
    return cls(any_source, macro)


@dataclass(frozen=True)
class Verdict:
  """What is told of two models.

  Attributes:
    base, tuned: paths.
    context: tokens a sequence.
    sources: a change each.
    tolerance: what may be lost.
    most, least: (source, change in nats a token, text) of the sequences that
      lost most and least.
    progress: percent of pretraining's progress that is undone, where the
      base's own curve is known and the text is its own.
    accuracies: of tasks that were asked for; told, and no part of the verdict.
  """

  base: str
  tuned: str
  context: int
  sources: tuple[SourceChange, ...]
  tolerance: Tolerance
  most: tuple[tuple[str, float, str], ...]
  least: tuple[tuple[str, float, str], ...]
  progress: float | None = None
  accuracies: tuple[Accuracy, ...] = ()

  @property
  def macro(self) -> float:
    """The mean change of the sources, bits a byte."""
    return float(np.mean([s.change_bits for s in self.sources]))

  @property
  def macro_error(self) -> float:
    """Its standard error."""
    errors = [s.error_bits for s in self.sources]
    return float(np.sqrt(np.square(errors).sum()) / len(errors))

  @property
  def broken(self) -> tuple[str, ...]:
    """Sources over the tolerance, and "the mean of all" if that is."""
    over = [
      s.source
      for s in self.sources
      if not s.change_bits <= self.tolerance.any_source
    ]
    if not self.macro <= self.tolerance.macro:
      over.append("the mean of all")
    return tuple(over)

  @property
  def near(self) -> bool:
    """Whether noise could turn the verdict: two standard errors would."""
    pairs = [
      (s.change_bits, s.error_bits, self.tolerance.any_source)
      for s in self.sources
    ]
    pairs.append((self.macro, self.macro_error, self.tolerance.macro))
    gaps = [
      (over > limit, abs(over - limit) > 2 * error)
      for over, error, limit in pairs
    ]
    if self.broken:
      return not any(over and clear for over, clear in gaps)
    return not all(clear for _, clear in gaps)

  @property
  def headline(self) -> str:
    """The verdict in a sentence."""
    limits = (
      f"{self.tolerance.any_source:g} of any source,"
      f" {self.tolerance.macro:g} of their mean, bits a byte"
    )
    undone = (
      f"; {self.progress:.3g} % of pretraining undone"
      if self.progress is not None
      else ""
    )
    if self.broken:
      lost = {s.source: s.change_bits for s in self.sources}
      lost["the mean of all"] = self.macro
      over = ", ".join(f"{name} {lost[name]:+.4f}" for name in self.broken)
      line = f"FORGOT TOO MUCH: {over} (tolerance {limits})"
    else:
      line = f"kept: nothing lost more than the tolerance ({limits})"
    return (
      line
      + ("; within the noise of it (two standard errors)" if self.near else "")
      + undone
    )

  @property
  def rows(self) -> list[list[str]]:
    """A table: a header, a row a source, the mean of all."""
    header = [
      "source", "sequences", "nats before", "after", "change",
      "bits a byte before", "after", "change", "halves differ",
    ]  # fmt: skip
    rows = [header]
    for s in self.sources:
      row = [
        s.source, f"{s.sequences}", f"{s.base:.4f}", f"{s.tuned:.4f}",
        f"{s.change:+.4f} ± {s.error:.4f}", f"{s.base_bits:.4f}",
        f"{s.tuned_bits:.4f}", f"{s.change_bits:+.4f} ± {s.error_bits:.4f}",
        f"{s.halves:+.4f}",
      ]  # fmt: skip
      rows.append(row)
    last = ["mean of all"] + [""] * (len(header) - 1)
    last[7] = f"{self.macro:+.4f} ± {self.macro_error:.4f}"
    return [*rows, last]

  @property
  def task_rows(self) -> list[list[str]]:
    """A table of the tasks, with their header; [] of none."""
    return gate_accuracies.rows(self.accuracies)

  @property
  def _tasks(self) -> list[str]:
    if not self.accuracies:
      return []
    return ["accuracies:", *text_table.lines(self.task_rows, indent="  ")]

  @property
  def noise(self) -> str:
    """The noise floor in a sentence."""
    layout = max(s.layout for s in self.sources)
    found = f"{layout:.1e} nats a token in the mean" if layout else "the same"
    return (
      f"base against base in another batch layout: {found}; a half of the"
      " sequences against the other: the last column"
    )

  def __str__(self) -> str:
    shown = [
      f"  {change:+.3f}  {source}: {_short(text)}"
      for source, change, text in self.most
      if change > 0
    ]
    lost = "texts that lost most, nats a token:"
    return "\n".join(
      [
        f"{self.base} -> {self.tuned}, sequences of {self.context} tokens",
        *text_table.lines(self.rows, indent="  "),
        f"  {self.noise}",
        *self._tasks,
        lost if shown else "no text lost anything",
        *shown,
        self.headline,
      ]
    )

  @property
  def markdown(self) -> str:
    """A summary for a pull request."""
    lines, tasks = _markdown(self.rows), _markdown(self.task_rows)
    mark = "x" if self.broken else "white_check_mark"
    return "\n".join(
      [
        f"### Forgetting: :{mark}: {self.headline}",
        "",
        f"`{self.base}` → `{self.tuned}`, held-out text, ± one standard error",
        "",
        *lines,
        "",
        self.noise[0].upper() + self.noise[1:] + ".",
        "",
        *([*tasks, ""] if tasks else []),
      ]
    )

  def as_dict(self) -> dict:
    """The verdict as JSON takes it."""
    return asdict(self) | dict(
      macro_bits=self.macro,
      macro_error_bits=self.macro_error,
      broken=list(self.broken),
      kept=not self.broken,
      within_noise=self.near,
    )


def _markdown(rows: list[list[str]]) -> list[str]:
  """The lines of a table; none of one without rows."""
  if not rows:
    return []
  header, *rest = rows
  table = [header, ["---"] + ["---:"] * (len(header) - 1), *rest]
  return [f"| {' | '.join(row)} |" for row in table]


def _short(text: str, most: int = 90) -> str:
  """The beginning of a text on one line."""
  line = " ".join(text.split())
  return line if len(line) <= most else line[: most - 1] + "…"
