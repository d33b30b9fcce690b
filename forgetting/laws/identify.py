"""Says what the data do not identify, and prints fits accordingly."""

from __future__ import annotations

from html import escape
import re

from forgetting.laws.lockstep import Search
from forgetting.laws.profiles import open_sides
from forgetting.laws.trials import every_trial
from forgetting.laws.uncertainty import poor
from forgetting.records import text_table

LEAST_SIGNAL = 6.0
REMEDY = {
  "N": "more model sizes, further apart",
  "D": "more amounts of data, further apart",
  "p": "more injections, near 1/B to 10/B and 0",
  "T": "models of one size pretrained for different lengths",
  "r": "more domain ratios",
  "R": "more domain ratios",
  "X": "more values of X, further apart",
}


def reasons(fit) -> Search[dict[str, str]]:
  """Finds which parameters the data do not identify, and why.

  A nonlinear parameter is identified when its profile leaves the 95 % region
  inside its bounds on both sides; an amplitude when the exponents are that
  its unit is made of.

  Args:
    fit: a `fitted.Fit`.

  Returns:
    name -> why, and what would help; the parameters that are missing are
    identified.
  """
  if fit.problem is None:
    return fit.memory.get("unidentified", {})
  out = {}
  ratio = fit.certificate.signal_to_noise
  sides = yield from open_sides(fit)
  for name, side in sides.items():
    where = {
      "above": "however large it is, the data do not object",
      "below": "however small it is, the data do not object",
      "both": "any value fits",
    }[side]
    why = f"{where}; signal to noise {ratio:.2g}"
    axes = fit.law[name].axes
    remedy = "; ".join(REMEDY[a] for a in axes if a in REMEDY)
    out[name] = f"{why}. Would help: {remedy or 'more runs'}"
  for parameter in fit.law.amplitudes:
    made_of = [
      str(power).lstrip("-")
      for power in parameter.units.values()
      if isinstance(power, str) and str(power).lstrip("-") in out
    ]
    if made_of:
      out[parameter.name] = f"its unit contains {' and '.join(made_of)}"
  return out


def rows(fit, level: float = 0.95) -> list[tuple[str, str, str]]:
  """Tells every fitted parameter in words.

  Args:
    fit: a `fitted.Fit`.
    level: of the intervals.

  Returns:
    (name, value or that it is not identified, interval or why) of each.
  """
  intervals, missing = fit.interval(level), fit.unidentified
  out = []
  for name, value in fit.params.items():
    plain = name.split("[")[0]
    known = {p.name for p in fit.law.parameters}
    if plain in known and not fit.choices.moves(fit.law, plain):
      if value != 0:
        out.append((name, f"{value:.5g}", "fixed"))
    elif plain in missing:
      out.append((name, "not identified", f"({missing[plain]})"))
    else:
      low, high = intervals[name]
      out.append(
        (name, f"{value:.5g}", f"{100 * level:g} % [{low:.4g}, {high:.4g}]")
      )
  return out


def headline(fit) -> str:
  """The equation, and which of its parameters are left out."""
  symbols = set(re.findall(r"\w+", fit.law.equation))
  absent = [
    f"{p.name} = 0"
    for p in fit.law.parameters
    if p.default == 0 and p.name in symbols and fit.params[p.name] == 0
  ]
  note = f"  ({', '.join(absent)})" if absent else ""
  return f"{fit.law.name}: {fit.law.symbol} = {fit.law.equation}{note}"


def summary(fit) -> str:
  """How many rows, how far off, and the objective, in a line."""
  return (
    f"{fit.n} rows, mean relative error "
    f"{100 * fit.mean_relative_error:.3g} %, objective {fit.objective:.10g}"
  )


def text(fit) -> str:
  """The fit as lines of text."""
  table = text_table.lines(rows(fit), left=3, indent="  ")
  lines = [headline(fit), f"  {summary(fit)}", *table]
  lines.append(f"  {fit.certificate}")
  lines += [f"  {few}"] if (few := poor(fit)) else []
  lines += [f"  form: {told}"] if (told := form(fit)) else []
  return "\n".join(lines)


def form(fit) -> str:
  """What the fit's own backtest says of its form, which no optimum can.

  Args:
    fit: a `fitted.Fit`.

  Returns:
    what a law of forgetting missed of runs left out, in nats, inside and at
    worst beyond the others; for other laws how far off their own runs are,
    and by how much more those beyond a fit to the smaller ones. "" where the
    data allow no trial.
  """
  tried = {where: t for where, t in every_trial(fit).items() if t.rows}
  parts = [
    f"missed {made.error:.2g} nats of forgetting ({made.where})"
    for made in _inside_and_worst(tried)
  ]
  if parts:
    return "when tried on runs left out it " + ", ".join(parts)
  if not fit.misses.rows:
    return ""
  inside, slope = (100 * v for v in (fit.misses.inside, fit.misses.slope))
  return (
    f"95 % of its own runs are off by up to {inside:.2g} % of the"
    f" {fit.law.predicts}, and"
    f" fitted to the smaller ones alone it missed the others by {slope:.2g} %"
    " more an e-fold beyond them"
  )


def _inside_and_worst(tried):
  beyond = [made for where, made in tried.items() if where]
  if () in tried:
    yield tried[()]
  if beyond:
    yield max(beyond, key=lambda made: made.error)


def html(fit) -> str:
  """The fit as a table for a notebook."""
  body = "".join(
    f"<tr><td>{escape(name)}</td><td>{escape(value)}</td>"
    f"<td>{escape(interval)}</td></tr>"
    for name, value, interval in rows(fit)
  )
  latex, told = fit.law.latex, form(fit)
  told = f"<br>form: {escape(told)}" if told else ""
  formula = f"${latex}$" if latex else escape(fit.law.equation)
  return (
    f"<p><b>{escape(fit.law.name)}</b> {formula}<br>"
    f"{escape(summary(fit))}</p><table>{body}</table>"
    f"<p><small>{escape(str(fit.certificate))}{told}</small></p>"
  )
