"""The page's sections, as HTML."""

from collections.abc import Iterable, Sequence
from html import escape
import math
import re

import numpy as np

from forgetting.laws.criteria import CLEAR, aicc
from forgetting.report import words
from forgetting.report.evidence import Evidence
from forgetting.report.fitted import Counsel, DomainLaws
from forgetting.report.style import count, percent, variable

EQUATIONS = {
  "forgetting": (
    "<i>L</i><sub>pt</sub> = <i>L</i><sub>pt,base</sub> + <i>A D</i>"
    "<sup>β</sup> / ((1 + <i>B p</i>) <i>N</i>)<sup>α</sup>"
  ),
  "target": (
    "<i>L</i><sub>ft</sub> = <i>A</i> / (<i>N</i><sup>α</sup> <i>D</i>"
    "<sup>β</sup>) + <i>E</i>"
  ),
}
GREEK = {"alpha": "α", "beta": "β", "mu": "μ", "nu": "ν", "kappa": "κ"}
TITLES = {
  "forgetting": "Forgetting law: the pretraining loss at best",
  "target": "Target law: the target loss at best",
}


def table(
  header: Sequence[str],
  rows: Iterable[Sequence[str]],
  *,
  text: tuple[int, ...] = (0,),
) -> str:
  """Cells are HTML; the columns `text` are words, the others numbers."""
  words_at = {i % len(header) for i in text}

  def line(cells, tag):
    marks = ["" if i in words_at else ' class="n"' for i in range(len(cells))]
    pairs = zip(marks, cells, strict=True)
    inside = "".join(f"<{tag}{mark}>{cell}</{tag}>" for mark, cell in pairs)
    return f"<tr>{inside}</tr>"

  body = "\n".join(line(row, "td") for row in rows)
  return (
    f'<div class="wide"><table><thead>{line(header, "th")}</thead>'
    f"<tbody>{body}</tbody></table></div>"
  )


def swatch(domain: str, domains: Sequence[str]) -> str:
  color = variable(domain, domains)
  return (
    f'<span class="swatch" style="background: {color}"></span>{escape(domain)}'
  )


def number(value, digits: int = 3) -> str:
  if value is None or not np.isfinite(value):
    return "–"
  return f"{value:.{digits}f}".replace("-", "−")


def compact(value: float, digits: int = 3) -> str:
  """So many digits; 1,170 where format "g" says 1.17e+03, up to a million."""
  text = f"{value:.{digits}g}"
  if 10 ** min(digits, 3) <= abs(float(text)) < 1e6:
    text = f"{float(text):,.10g}"
  return text.replace("-", "−")


def advice(
  evidence: Evidence, counsels: Sequence[Counsel], fits: Sequence[DomainLaws]
) -> str:
  """A row a cell: what the law asks for, what was measured, what to mind."""
  header = [
    "Domain",
    "Parameters",
    "Target tokens",
    "Forgetting at 0 %, by the law",
    "Measured",
    "Inject",
    "95 % interval",
    "Least run that is enough",
    "Mind",
  ]
  rows = []
  for c in counsels:
    a = c.advice
    at_none, law = "–", ["–", "–"]
    if a is not None:
      at_none = (
        f"{number(a.without)} [{number(a.without_low)}, "
        f"{number(a.without_high)}]"
      )
      law = [
        f"<b>{percent(a.injection, 2)}</b>",
        _limits(a.low, a.high),
      ]
    rows.append(
      [
        swatch(c.domain, evidence.domains),
        count(c.model_params),
        count(c.target_tokens),
        at_none,
        "" if math.isnan(c.measured_without) else number(c.measured_without),
        *law,
        _least(c),
        escape("; ".join(words.flags(c))),
      ]
    )
  return table(header, rows, text=(0, -1)) + "".join(_advisor(f) for f in fits)


def _limits(low: float, high: float) -> str:
  if math.isinf(low):
    return "none suffices"
  return f"[{percent(low, 2)}, {percent(high, 2)}]"


def _least(counsel: Counsel) -> str:
  if math.isinf(counsel.measured_injection):
    return "none suffices"
  left = number(counsel.measured_forgetting)
  return f"{percent(counsel.measured_injection)} (leaves {left})"


def _advisor(fits: DomainLaws) -> str:
  """Which form of the law speaks, and what weakens it."""
  if fits.advisor is None:
    return ""
  if fits.published:
    text = "the published form of the forgetting law fits best (AICc)"
  else:
    text = (
      f"the form {escape(fits.advisor_name)} fits best (AICc) and gives the "
      f"advice: <i>L</i> = {equation(fits.advisor.law.equation)}; mean "
      f"relative error {_error(fits.advisor)}, the published form's "
      f"{_error(fits.forgetting)}"
    )
  missing = fits.advisor.unidentified
  if missing:
    names = ", ".join(GREEK.get(name, name) for name in missing)
    text += f". The data do not identify its {names}"
  if not fits.advisor.certificate.holds:
    text += ". Its fit has no certificate"
  return f'<p class="note"><b>{escape(fits.domain)}</b>: {text}.</p>'


def equation(text: str) -> str:
  """HTML of an equation: D^beta has a raised Greek letter, L0 an index."""

  def symbol(found) -> str:
    raised, name = found.groups()
    shown = GREEK.get(name, name if name == "log" else f"<i>{name}</i>")
    if name == "L0":
      shown = "<i>L</i><sub>pt,base</sub>"
    return f"<sup>{shown}</sup>" if raised else shown

  marked = re.sub(r"(\^?)\b([A-Za-z]\w*)", symbol, text)
  return marked.replace("-", "−")


def _error(fit) -> str:
  return f"{100 * fit.mean_relative_error:.2g} %"


def laws(evidence: Evidence, fits: Sequence[DomainLaws]) -> str:
  """Equations, parameters, what they say, and the ratio test."""
  parts = [
    f'<p class="equation">{EQUATIONS["forgetting"]}</p>'
    f'<p class="equation">{EQUATIONS["target"]}</p>',
    '<p class="note"><i>N</i>: non-embedding parameters; <i>D</i>: unique '
    "target tokens; <i>p</i>: injection, a fraction of tokens; losses in nats "
    "per token. After arXiv 2502.06042; <i>A</i>, <i>B</i>, α, β "
    "and <i>E</i> are fitted to each domain, with intervals from a bootstrap "
    "over (<i>N</i>, <i>D</i>) cells.</p>",
  ]
  for domain_laws in fits:
    parts.append(f"<h3>{swatch(domain_laws.domain, evidence.domains)}</h3>")
    for law in ("forgetting", "target"):
      parts.append(_law(domain_laws, law))
    if domain_laws.forgetting:
      parts.append(_ratio(domain_laws))
  return "\n".join(parts)


def _law(fits: DomainLaws, law: str) -> str:
  fit = getattr(fits, law)
  if fit is None:
    return f"<p><b>{TITLES[law]}</b>: no fit. {escape(fits.why[law])}.</p>"
  summary = (
    f"<p><b>{TITLES[law]}</b>: {fit.n} runs, mean relative error {_error(fit)}."
  )
  if law == "forgetting":
    summary += f" {words.half(fit)}{_with_constant(fits)}"
  if not fit.certificate.holds:
    summary += f" <b>Do not trust it</b>: {escape(str(fit.certificate))}."
  header = ["Parameter", "Value", "95 % interval", "What it says"]
  return f"{summary}</p>" + table(header, _parameters(fit), text=(0, -1))


def _parameters(fit) -> Iterable[list[str]]:
  intervals, missing, params = fit.interval(), fit.unidentified, fit.params
  for name, value in params.items():
    if not fit.choices.moves(fit.law, name):
      continue
    symbol = GREEK.get(name, f"<i>{name}</i>")
    if name in missing:
      yield [symbol, "not identified", "", escape(missing[name])]
      continue
    low, high = intervals[name]
    said = fit.law.words[name](params) if name in fit.law.words else ""
    yield [
      symbol,
      compact(value, 4),
      f"[{compact(low)}, {compact(high)}]",
      escape(said),
    ]


def _with_constant(fits: DomainLaws) -> str:
  wide = fits.with_constant
  if wide is None:
    return ""
  change = aicc(wide) - aicc(fits.forgetting)
  verdict = "worth" if change < -CLEAR else "not worth"
  return (
    f" With a constant + <i>E</i> added: <i>E</i> = "
    f"{compact(wide.params['E'])}, mean relative error {_error(wide)}, "
    f"{verdict} a parameter (AICc {change:+.1f})."
  )


def _ratio(fits: DomainLaws) -> str:
  verdict = f"<p>{escape(words.ratio_verdict(fits))}</p>"
  test = fits.ratio
  if test is None or not len(test.injection):
    return verdict
  rows = [
    [
      percent(p),
      number(law, 2),
      number(median, 2),
      f"{number(low, 2)} to {number(high, 2)}" if cells else "–",
      str(cells),
    ]
    for p, law, median, low, high, cells in zip(
      test.injection,
      test.law,
      test.median,
      test.low,
      test.high,
      test.cells,
      strict=True,
    )
  ]
  header = [
    "Injection",
    "F(p)/F(0) by law",
    "measured, median",
    "range over cells",
    "cells",
  ]
  return verdict + table(header, rows)


def runs(evidence: Evidence) -> str:
  """Every fine-tuning, sorted by domain, size, target tokens, injection."""
  frame = evidence.finetunings
  bits = "pretrain_bits_per_byte" in frame
  header = [
    "Domain",
    "Parameters",
    "Target tokens",
    "Injection",
    "Seed",
    "Pretraining loss",
    "Base",
    "Forgetting ± s.e.",
    "Target loss",
    "Best step",
    "Status",
  ]
  if bits:
    header.insert(8, "Pretraining bits/byte")
  replayed = frame["replay"].notna().any()
  if replayed:
    header.insert(4, "Replay")
  rows = []
  for run in frame.to_dict("records"):
    status = escape(str(run["status"]))
    if run["status"] != "done":
      status = f"<b>{status}</b>"
    cells = [
      swatch(str(run["domain"]), evidence.domains),
      count(run["model_params"]),
      count(run["target_tokens"]),
      percent(run["injection"]),
      number(run["seed"], 0),
      number(run["pretrain_loss"]),
      number(run["base_pretrain_loss"]),
      _forgetting(run),
      number(run["target_loss"]),
      number(run["best_step"], 0),
      status,
    ]
    if bits:
      cells.insert(8, number(run["pretrain_bits_per_byte"]))
    if replayed:
      cells.insert(4, escape(str(run["replay"] or "")))
    rows.append(cells)
  words_at = (0, 4, -1) if replayed else (0, -1)
  return table(header, rows, text=words_at)


def _forgetting(run: dict) -> str:
  error = run.get("forgetting_standard_error")
  value = number(run["forgetting"])
  if error is None or not np.isfinite(error):
    return value
  return f"{value} ± {number(error)}"
