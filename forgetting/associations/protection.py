"""Which examples a replay source keeps from being forgotten.

The forgetting matrix of a study that tried sources, told by source of replay
and by source of the examples: what is left of the forgetting without injection.
"""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from forgetting import records
from forgetting.config.canonical import digest
from forgetting.config.replay_source import OWN
from forgetting.records import RunDirectory, tokenizers
from forgetting.storage import places
from forgetting.storage.places import place

CELL = ("parent", "domain", "target_tokens", "seed")
ALL = "all"


@dataclasses.dataclass(frozen=True)
class Kept:
  """What a replay source leaves of the forgetting of some examples.

  Attributes:
    source: of replay, its word in the column `replay_source`.
    text: the examples' source, or ALL of them.
    examples: how many.
    without: forgetting without injection, nats a token.
    left: forgetting with it.
    removed: 1 - left / without.
    error: standard error of `removed`, with the examples as the sample.
    beside_own: left - what the parent's own corpus leaves, nats a token.
    beside_own_error: its standard error, paired by example.
  """

  source: str
  text: str
  examples: int
  without: float
  left: float
  removed: float
  error: float
  beside_own: float
  beside_own_error: float


@dataclasses.dataclass(frozen=True)
class Protection:
  """Forgetting by example with each replay source, at one injection.

  Attributes:
    injection: share of the tokens.
    cells: of parent, domain, target tokens and seed that have all sources.
    sources: of replay, the parent's own corpus first, then by what they leave.
    id: [E], the examples' content hashes.
    text: [E], the examples' sources.
    without: [E], forgetting without injection, nats a token, mean over cells.
    left: [S, E], with each source.
  """

  injection: float
  cells: int
  sources: tuple[str, ...]
  id: np.ndarray
  text: np.ndarray
  without: np.ndarray
  left: np.ndarray

  def kept(self) -> list[Kept]:
    """By replay source and by the examples' source, and of all examples."""
    texts = [ALL, *np.unique(self.text)]
    return [
      self._kept(row, text)
      for row in range(len(self.sources))
      for text in (texts if len(texts) > 2 else texts[:1])
    ]

  def agreement(self, source: str) -> float:
    """How alike a source and the parent's own corpus protect.

    Args:
      source: one of `sources`.

    Returns:
      the correlation over examples of the nats that the two remove.
    """
    own, other = (
      self.without - self.left[self.sources.index(name)]
      for name in (OWN, source)
    )
    return float(np.corrcoef(own, other)[0, 1])

  def _kept(self, row: int, text: str) -> Kept:
    at = np.full(len(self.text), True) if text == ALL else self.text == text
    without, left = self.without[at], self.left[row, at]
    own = self.left[self.sources.index(OWN), at]
    ratio = left.mean() / without.mean()
    # of a ratio of means, to first order
    residuals = (left - ratio * without) / without.mean()
    return Kept(
      source=self.sources[row],
      text=text,
      examples=int(at.sum()),
      without=float(without.mean()),
      left=float(left.mean()),
      removed=float(1 - ratio),
      error=_error(residuals),
      beside_own=float((left - own).mean()),
      beside_own_error=_error(left - own),
    )


def measure(
  study: str | os.PathLike, table, *, domain: str | None = None
) -> Protection | None:
  """Gathers it from a study's folder, at the largest injection that is common.

  Means are over cells (parent, domain, target tokens, seed) in which every
  source and a run without injection are done.

  Args:
    study: its folder, with the runs' examples.npz.
    table: `records.load` of it.
    domain: only fine-tunings on it.

  Returns:
    None where no cell has all sources at one injection, or its runs have no
    examples in common.

  Raises:
    InputError: models with different tokenizers.
  """
  folder = place(study)
  directories = [*records.run_directories(folder)]
  parents = {run.name: digest(run.parent) for _, run in directories}
  rows = records.by_replay_source(table, domain=domain)
  found = _common(rows.assign(parent=rows["run"].map(parents)))
  if found is None:
    return None
  injection, sources, cells = found
  tokenizers.check_one(directories, "what is kept from being forgotten")
  at = {run.name: directory for directory, run in directories}
  names = [name for cell in cells for name in cell]
  read = places.each([at[name] for name in names], _forgetting)
  by_run = dict(zip(names, read, strict=True))
  first = by_run[names[0]]
  ids = [key for key in first if all(key in one for one in read)]
  if not ids:
    return None
  mean = np.array(
    [[[by_run[n][key][0] for key in ids] for n in cell] for cell in cells]
  ).mean(0)
  left = mean[1:]
  order = [0, *(1 + np.argsort(left[1:].mean(1)))]
  return Protection(
    injection=injection,
    cells=len(cells),
    sources=tuple(sources[i] for i in order),
    id=np.array(ids),
    text=np.array([first[key][1] for key in ids]),
    without=mean[0],
    left=left[order],
  )


def _common(table):
  """The largest injection at which cells have all sources that are tried there.

  Returns:
    it, the sources, and for each cell the run without injection and one a
    source; None where there is none.
  """
  for injection in sorted({*table["injection"]} - {0}, reverse=True):
    tried = table[table["injection"] == injection]["replay_source"].dropna()
    sources = (OWN, *sorted({*tried} - {OWN}))
    cells = []
    for _, cell in table.groupby(list(CELL)):
      plain = cell[cell["injection"] == 0]["run"]
      at = cell[cell["injection"] == injection]
      runs = dict(zip(at["replay_source"], at["run"], strict=True))
      if len(plain) and all(word in runs for word in sources):
        cells.append([plain.iloc[0], *(runs[word] for word in sources)])
    if cells and len(sources) > 1:
      return float(injection), sources, cells
  return None


def _forgetting(directory: RunDirectory) -> dict:
  """Example -> its forgetting and its source; {} where a run has none."""
  if not (directory.path / "examples.npz").exists():
    return {}
  found = directory.examples()
  rise = np.float64(found["best"]) - found["base"]
  rows = zip(found["id"], rise, found["source"], strict=True)
  return {key: (value, str(source)) for key, value, source in rows}


def _error(values: np.ndarray) -> float:
  """Standard error of their mean; NaN of one."""
  if len(values) < 2:
    return float("nan")
  return float(values.std(ddof=1) / np.sqrt(len(values)))
