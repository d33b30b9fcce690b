"""What the command answers about replay sources: rates, and advice by them."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import math

from forgetting import records
from forgetting.config import InputError
from forgetting.config.replay_source import OWN
from forgetting.laws import answers, exchange
from forgetting.laws import table as tables
from forgetting.laws.advice import percent
from forgetting.laws.answers import Report
from forgetting.laws.exchange import Rate
from forgetting.laws.foretold import WORTH, Foretold, foretell
from forgetting.records import text_table

HEADER = ("source", "runs", "q", "95 %", "off by", "as own", "elsewhere")
NOTES = (
  "q: tokens of the parent's own corpus that one injected token of the source"
  " is worth, by F = A / (1 + B R)^c, R = q p T, with A and B of each cell",
  "off by: mean absolute error of forgetting, nats a token; as own: with q = 1;"
  " elsewhere: of each cell with q from the others",
)
SIZE_NOTE = "by size: q of the cells of that many parameters alone"
SELF_NOTE = "by own text: q by forgetting on text that the parents wrote"


def sources(
  table, *, domain: str | None = None, by_self=None, beside=None, features=None
) -> Report:
  """Answers `forgetting sources`: the rate of exchange of every source.

  Args:
    table: a study's runs, as of `records.load`.
    domain: only its runs.
    by_self: the same with the losses on text that the parents wrote, as of
      `by_source(study, beside=True)["self"]`; None: not measured.
    beside: the runs with the losses on the parents' corpus, read as those on
      their text are; by default the table.
    features: source -> feature -> value, as of `runs.likeness.features`; None:
      not asked for.

  Raises:
    InputError: as `exchange.rates`.
  """
  found = exchange.rates(table, domain=domain)
  _, left_out = records.by_method(table)
  lines = [left_out] if left_out else []
  reference = records.replay_reference(table)
  if reference != OWN:
    lines.append(f"{records.replay_line(table)} below as {OWN}")
  notes, columns = [*NOTES], [HEADER, *map(_row, found)]
  if any(len(rate.by_size) > 1 for rate in found):
    columns = _beside(columns, ["by size", *map(_by_size, found)])
    notes.append(SIZE_NOTE)
  other = exchange.rates(by_self, domain=domain) if by_self is not None else []
  if other:
    by_word = {rate.source: _q(rate) for rate in other}
    told = [by_word.get(rate.source, "-") for rate in found]
    columns = _beside(columns, ["by own text", *told])
    notes.append(SELF_NOTE)
  lines += text_table.lines(columns)
  lines += [_few(rate) for rate in found if math.isnan(rate.low)]
  lines += [_harm(rate) for rate in found if rate.harms]
  data: dict = dict(
    domain=domain, reference=reference, sources=[_data(rate) for rate in found]
  )
  if other:
    both = _together(table if beside is None else beside, by_self)
    lines.append(
      "forgetting on text that the parents wrote goes with that on their"
      f" corpus: over {both['runs']} runs r = {both['correlation']:.3f},"
      f" {both['ratio']:.3f} times as much"
    )
    data |= dict(by_self=[_data(rate) for rate in other], together=both)
  if features is not None:
    foretold = foretell(found, features)
    lines += _foretold(foretold, found, features)
    data |= dict(
      features=features, foretold=[dataclasses.asdict(one) for one in foretold]
    )
  return Report("\n".join([*lines, *notes]), data)


def advise(source, *, replay_source: str, domain: str, **asked) -> Report:
  """Answers `forgetting advise --replay-source`.

  Args:
    source: a study or a table that tried the sources.
    replay_source: a word of the column `replay_source`; several with commas,
      in equal parts or as NAME=SHARE.
    domain: which.
    asked: as of `answers.advise`.

  Returns:
    a Report whose `injection` is that of the source; `own_injection` is that
    of the parent's own corpus.

  Raises:
    InputError: as `answers.advise` and `exchange.rates`, or shares that are
      none.
  """
  table = tables.load(source, None, asked.get("columns"))
  reference = records.replay_reference(table)
  shares: dict[str, float] = {}
  for word, share in parse(replay_source).items():
    known = OWN if word == reference else word
    shares[known] = shares.get(known, 0.0) + share
  found = exchange.rates(table, domain=domain)
  rate = exchange.mixed(found, shares)
  if [*shares] == [OWN]:
    rate = dataclasses.replace(rate, source=reference)
  own = answers.advise(source, domain=domain, **asked)
  needed = own.data["injection"]
  ends = own.data["low"], own.data["high"]
  p, low, high = _in_source(needed, ends, rate)
  words = (
    f"of {rate.source} in place of the parent's own corpus: inject"
    f" {percent(p)} (95 % [{percent(low)}, {percent(high)}]): one of its tokens"
    f" is worth {rate.q:.3g} of the corpus's (95 % [{rate.low:.3g},"
    f" {rate.high:.3g}])"
  )
  runs = records.by_chance(table, reference)
  tried = runs["injection"][runs["replay_source"].isin([*shares])].max()
  if math.isfinite(tried) and p > tried:
    words += f"; that is beyond the {percent(float(tried))} that was tried"
  harmful = [one for one in found if one.source in shares and one.harms]
  words += "".join(f"\n  caution: {_harm(one)}" for one in harmful)
  data = own.data | dict(
    injection=p,
    low=low,
    high=high,
    own_injection=needed,
    replay_source=_data(rate),
  )
  return Report(f"{own.text}\n\n{words}", data)


def parse(text: str) -> dict[str, float]:
  """Sources and their shares.

  Args:
    text: as in self-t1, or wiki_en,self-t1, or wiki_en=0.3,self-t1=0.7.

  Raises:
    InputError: a share that is no number above 0.
  """
  parts = [part.strip() for part in text.split(",") if part.strip()]
  if not any("=" in part for part in parts):
    return dict.fromkeys(parts, 1 / max(len(parts), 1))
  out = {}
  for part in parts:
    name, _, share = part.partition("=")
    try:
      out[name] = float(share)
    except ValueError:
      out[name] = math.nan
    if not out[name] > 0:
      raise InputError(
        f"--replay-source: found {part!r}, expected a source and its share as"
        " in wiki_en=0.3"
      )
  return out


def _in_source(own, ends, rate: Rate) -> tuple[float, float, float]:
  """The injection of a source, with the intervals of both added in logs."""
  value = 1.0 if own is None else float(own)
  p = exchange.injection_of(value, rate.q)
  low, high = (1.0 if end is None else float(end) for end in ends)
  wide = []
  for end, q, sign in ((low, rate.high, -1), (high, rate.low, 1)):
    spread = math.hypot(_apart(end, value), _ratio(q, rate.q))
    wide.append(_moved(p, sign * spread))
  return p, wide[0], wide[1]


def _apart(a: float, b: float) -> float:
  """How far the odds of two fractions are apart, in logs."""
  if a == b:
    return 0.0
  if not (0 < a < 1 and 0 < b < 1):
    return math.inf
  return abs(math.log(a / (1 - a)) - math.log(b / (1 - b)))


def _ratio(a: float, b: float) -> float:
  return abs(math.log(a / b)) if a > 0 and b > 0 else math.inf


def _moved(p: float, logs: float) -> float:
  if p <= 0 or p >= 1 or logs == 0:
    return p
  if math.isinf(logs):
    return 1.0 if logs > 0 else 0.0
  odds = p / (1 - p) * math.exp(logs)
  return odds / (1 + odds)


def _foretold(
  told: list[Foretold], found: list[Rate], features: Mapping
) -> list[str]:
  if not told:
    return ["features tell nothing of fewer than four sources"]
  known = [rate for rate in found if rate.source in features]
  names = list(dict.fromkeys(one.feature for one in told))
  rows = [("source", "q", "nats", *names)] + [
    (
      rate.source,
      f"{rate.q:.3f}",
      f"{-rate.rise:.3f}",
      *(f"{features[rate.source][name]:.3f}" for name in names),
    )
    for rate in known
  ]
  header = "", "missed by", "less by", "95 %", "rank r", "would have taken"
  judged = [header, *(_judged(one, known) for one in told)]
  best = ", ".join(
    f"{word} {max(map(of, known)):.3f}, in the mean"
    f" {sum(map(of, known)) / len(known):.3f}"
    for word, of in WORTH.items()
  )
  return [
    "",
    "known of each source before any run, beside q and the nats removed:",
    *text_table.lines(rows),
    "",
    f"a source left out of {told[0].sources}, by a line in one feature of the"
    " others:",
    *text_table.lines(judged),
    "less by: than by the mean of the others, with an interval by"
    f" resampling sources; the best has {best}",
    "",
  ]


def _judged(one: Foretold, known: list[Rate]) -> tuple[str, ...]:
  (taken,) = (rate for rate in known if rate.source == one.first)
  return (
    f"{one.worth} by {one.feature}",
    f"{one.error:.3f}",
    f"{one.mean_error - one.error:.3f}",
    f"{one.low:.3f} to {one.high:.3f}",
    f"{one.order:.2f}",
    f"{one.first} ({WORTH[one.worth](taken):.3f})",
  )


def _row(rate: Rate) -> tuple[str, ...]:
  return (
    rate.source,
    str(rate.runs),
    f"{rate.q:.3f}",
    "-" if math.isnan(rate.low) else f"{rate.low:.3f} to {rate.high:.3f}",
    f"{rate.error:.4f}",
    f"{rate.as_own:.4f}",
    "-" if math.isnan(rate.elsewhere) else f"{rate.elsewhere:.4f}",
  )


def _by_size(rate: Rate) -> str:
  return ", ".join(f"{q:.2f} ({n:,})" for n, q in rate.by_size.items())


def _beside(rows, column) -> list[tuple[str, ...]]:
  return [(*row, cell) for row, cell in zip(rows, column, strict=True)]


def _q(rate: Rate) -> str:
  if math.isnan(rate.low):
    return f"{rate.q:.3f}"
  return f"{rate.q:.3f} ({rate.low:.3f} to {rate.high:.3f})"


def _few(rate: Rate) -> str:
  return (
    f"q of {rate.source} is told by no more runs than the law has parameters:"
    " it says nothing yet"
  )


def _harm(rate: Rate) -> str:
  """That a source is worse than none, which no q of 0 or more can say."""
  return (
    f"{rate.source} raises forgetting: it is above that without injection in"
    f" {rate.raised} of {rate.compared} runs, on average by {rate.rise:.3g}"
    " nats; q has no sign for that"
  )


def _data(rate: Rate) -> dict:
  return dict(
    source=rate.source,
    q=rate.q,
    low=rate.low,
    high=rate.high,
    runs=rate.runs,
    error=rate.error,
    as_own=rate.as_own,
    elsewhere=rate.elsewhere,
    raised=rate.raised,
    compared=rate.compared,
    rise=rate.rise,
    by_size={str(size): q for size, q in rate.by_size.items()},
  )


def _together(table, by_self) -> Mapping:
  """How the two measures of forgetting go together, over runs."""
  import numpy as np

  both = table.merge(by_self, on="run", suffixes=("", "_self"))
  both = both[both["status"] == "done"]
  true = (both["pretrain_loss"] - both["base_pretrain_loss"]).to_numpy(float)
  own = both["pretrain_loss_self"] - both["base_pretrain_loss_self"]
  own = own.to_numpy(float)
  return dict(
    runs=len(both),
    correlation=float(np.corrcoef(true, own)[0, 1]),
    ratio=float((own * true).sum() / (true**2).sum()),
  )
