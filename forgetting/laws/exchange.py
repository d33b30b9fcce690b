"""What a token of a replay source is worth, in tokens of the parent's corpus.

The law that counts tokens (see `forms_tokens`), in which R counts q times the
tokens of a source:

    F = A / (1 + B R)^c,    R = q p T

Heights A and effects B are those of each cell (domain, model, target tokens);
c and q are common to them, and q of the parent's own corpus is 1. So q is told
by where the curve of a source lies beside that of the corpus, along the axis of
tokens. Two sources mixed count as the sum of what each counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math

import numpy as np

from forgetting import records
from forgetting.config import InputError
from forgetting.config.replay_source import OWN
from forgetting.laws import exchange_fit, trained
from forgetting.laws.exchange_fit import Rows
from forgetting.laws.intervals import quantile, tails

LEVEL = 0.95
CELLS = ("domain", "model_params", "target_tokens")
DRAWS = 400


@dataclasses.dataclass(frozen=True)
class Rate:
  """The rate of exchange of one source.

  Attributes:
    source: its word in the column `replay_source`.
    q: tokens of the parent's corpus that one of its tokens is worth.
    low, high: its 95 % interval, by resampling runs; NaN of as few runs as
      parameters.
    runs: that inject it.
    error: mean absolute error of forgetting with this q, nats a token, over
      those runs; fitted to them.
    as_own: the same with q = 1.
    elsewhere: the same of each cell with q from the others; NaN of one cell.
    by_size: model parameters -> q of the cells of that size alone.
    draws: [draws], of q.
    raised: in how many of its runs forgetting is above the mean of those of
      their cell that inject nothing.
    compared: how many of its runs have such a cell.
    rise: by how much on average, nats a token; NaN of none.
  """

  source: str
  q: float
  low: float
  high: float
  runs: int
  error: float
  as_own: float
  elsewhere: float
  by_size: Mapping[int, float]
  draws: np.ndarray = dataclasses.field(repr=False)
  raised: int = 0
  compared: int = 0
  rise: float = math.nan

  @property
  def harms(self) -> bool:
    """Whether forgetting is above that without it, in three runs of four."""
    return self.rise > 0 and 4 * self.raised >= 3 * self.compared

  @property
  def differs(self) -> bool:
    """Whether q = 1 is outside the interval."""
    return not self.low <= 1 <= self.high


def rates(table, *, domain: str | None = None) -> list[Rate]:
  """Tells q of every source of a study.

  Args:
    table: `records.load`, with the parent's own corpus injected beside other
      sources, in the same cells.
    domain: only its runs.

  Returns:
    one a source, the most valuable first.

  Raises:
    InputError: no source beside the parent's own, or too few runs to tell.
  """
  known = _known(table, domain)
  words = sorted({*known["replay_source"].dropna()} - {OWN})
  if not words:
    raise InputError(
      "replay_source: found none beside the parent's own corpus, expected runs"
      " that inject other sources, as of configs/replay_sources.py"
    )
  found = [_rate(known, word) for word in words]
  return sorted(found, key=lambda rate: -rate.q)


def mixed(found: Sequence[Rate], shares: Mapping[str, float]) -> Rate:
  """What a mix of sources is worth: the sum of what each counts.

  Args:
    found: of `rates`.
    shares: source -> its share of the injected tokens; they add up to 1. The
      word for the parent's own corpus counts 1.

  Raises:
    InputError: a source that was not tried, or shares that do not add up.
  """
  known = {rate.source: rate for rate in found}
  for word in shares:
    if word not in known and word != OWN:
      raise InputError(
        f"--replay-source: found {word!r}, expected one that was tried:"
        f" {', '.join([OWN, *known])}"
      )
  if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
    raise InputError(
      f"--replay-source: found shares that add up to"
      f" {sum(shares.values()):g}, expected 1"
    )
  if len(shares) == 1 and (word := next(iter(shares))) in known:
    return known[word]
  q, draws = 0.0, np.zeros(DRAWS)
  for i, (word, share) in enumerate(shares.items()):
    if word == OWN:
      q, draws = q + share, draws + share
      continue
    rate = known[word]
    q += share * rate.q
    # the sources' fits know nothing of one another
    order = np.random.default_rng(i).permutation(len(rate.draws))
    draws = draws + share * rate.draws[order]
  low, high = quantile(draws, tails(LEVEL))
  name = " + ".join(f"{share:g} {word}" for word, share in shares.items())
  runs = sum(known[word].runs for word in shares if word in known)
  nan = math.nan
  return Rate(name, q, float(low), float(high), runs, nan, nan, nan, {}, draws)


def injection_of(own: float, q: float) -> float:
  """The injection of a source that does as much as one of the own corpus.

  As many target tokens are trained on with either, so that the tokens injected
  beside them are in the ratio of the odds.

  Args:
    own: injection of the parent's own corpus.
    q: of the source.

  Returns:
    in [0, 1]; 1 where none is enough.
  """
  if own <= 0 or own >= 1 or not math.isfinite(own):
    return own
  if q <= 0:
    return 1.0
  odds = own / (1 - own) / q
  return odds / (1 + odds)


def _known(table, domain: str | None):
  """Fine-tunings by one method that are done, those that inject nothing too."""
  rows = records.by_replay_source(table, domain=domain)
  parts = [rows[name].astype(str) for name in CELLS]
  return rows.assign(cell=parts[0] + " " + parts[1] + " " + parts[2])


def _rate(known, word: str) -> Rate:
  frame = _beside_own(known, word)
  rows = _rows(frame)
  if not 0 < rows.of_source.sum() < len(rows.loss):
    raise InputError(
      f"replay source {word}: found no runs that inject the parent's own corpus"
      " in its cells, expected some: q is told beside them"
    )
  found = exchange_fit.fit(rows)
  draws = np.full(DRAWS, math.nan)
  low = high = math.nan
  if len(rows.loss) > len(found.x):  # else nothing is left over to resample
    draws = exchange_fit.resampled(found, DRAWS)
    low, high = quantile(draws, tails(LEVEL))
  its = rows.of_source == 1
  sizes = frame["model_params"].to_numpy()
  by_size = {
    int(size): exchange_fit.fit(rows.only(sizes == size)).q
    for size in np.unique(sizes[its])
  }
  own = exchange_fit.fit(rows, q=1.0)
  return Rate(
    source=word,
    q=found.q,
    low=float(low),
    high=float(high),
    runs=int(its.sum()),
    error=found.error(rows.only(its)),
    as_own=own.error(rows.only(its)),
    elsewhere=_elsewhere(rows),
    by_size=by_size,
    draws=draws,
    **_beside_none(rows),
  )


def _beside_own(known, word: str):
  """The rows of a source, and those of the own corpus in the same cells."""
  of_source = known["replay_source"] == word
  own = known["replay_source"].isna() | (known["replay_source"] == OWN)
  cells = {*known["cell"][of_source]}
  rows = known[(of_source | own) & known["cell"].isin(cells)]
  return rows.assign(of_source=(rows["replay_source"] == word).astype(float))


def _rows(frame) -> Rows:
  frame = trained.with_tokens(frame)
  base = frame["base_pretrain_loss"].to_numpy(float)
  tokens = frame["planned_tokens"].to_numpy(float)
  _, cell = np.unique(frame["cell"].to_numpy(str), return_inverse=True)
  return Rows(
    injected=frame["injection"].to_numpy(float) * tokens,
    of_source=frame["of_source"].to_numpy(float),
    cell=cell,
    loss=frame["pretrain_loss"].to_numpy(float) - base,
  )


def _beside_none(rows: Rows) -> dict:
  """How a source's runs compare with those that inject nothing."""
  rises = []
  for cell in np.unique(rows.cell):
    of_cell = rows.cell == cell
    plain = rows.loss[of_cell & (rows.injected == 0)]
    if len(plain):
      its = rows.loss[of_cell & (rows.of_source == 1) & (rows.injected > 0)]
      rises.append(its - plain.mean())
  rise = np.concatenate(rises) if rises else np.zeros(0)
  return dict(
    raised=int((rise > 0).sum()),
    compared=len(rise),
    rise=float(rise.mean()) if len(rise) else math.nan,
  )


def _elsewhere(rows: Rows) -> float:
  """Error of each cell's rows of the source with q from the other cells."""
  its, errors = rows.of_source == 1, []
  cells = np.unique(rows.cell[its])
  if len(cells) < 2:
    return math.nan
  for cell in cells:
    left = its & (rows.cell == cell)
    # the cell's own corpus stays: it tells A and B there
    errors.append(exchange_fit.fit(rows.only(~left)).error(rows.only(left)))
  return float(np.mean(errors))
