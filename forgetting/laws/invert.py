"""A forgetting law turned round: what is needed for a given forgetting.

Everything here is a scan and a search for a root over lanes, so that it serves
every form of the law, the published one's closed forms included (tests
compare).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forgetting.config import InputError
from forgetting.laws.fitted import Fit
from forgetting.laws.intervals import quantile, tails

GRID = np.concatenate([[0.0], np.logspace(-7, 0, 141)])
BEYOND = 1.25  # a factor outside the data that is told
FAR = 30.0  # and one from which on there is no number unless it is asked for
SPAN = 1e8
NEAR = 1e-14  # of a bracket's ends, where a root is found
STEPS = 100


@dataclass(frozen=True)
class Answer:
  """A number with its bootstrap interval; infinite when there is none.

  Attributes:
    value: by the fit.
    low, high: the interval at `level`.
    beyond: axis -> how far outside the data the answer lies, as a factor.
  """

  value: float
  low: float
  high: float
  level: float
  beyond: dict[str, float]

  def __str__(self) -> str:
    text = (
      f"{self.value:.4g} ({100 * self.level:g} % "
      f"[{self.low:.4g}, {self.high:.4g}])"
    )
    flags = [f"{k} {v:.3g} x outside the data" for k, v in self.beyond.items()]
    return "; EXTRAPOLATION: ".join([text, *flags])

  def as_dict(self) -> dict:
    """The answer as JSON takes it; what there is none of is null."""
    ends = {name: getattr(self, name) for name in ("value", "low", "high")}
    finite = {k: v if np.isfinite(v) else None for k, v in ends.items()}
    return finite | {"level": self.level, "beyond": dict(self.beyond)}


def forgetting_at(fitted: Fit, x, point: dict, injection) -> np.ndarray:
  """Computes forgetting at a point, by each of many fits.

  Args:
    fitted: a fit of a forgetting law.
    x: [lanes, slots] in the fit's coordinates.
    point: symbol -> value: N, D.
    injection: one for all lanes, or [lanes].

  Returns:
    [lanes], nats per token.
  """
  p = np.broadcast_to(np.asarray(injection, float), len(x))[:, None]
  return _forgetting(fitted, x, point, p)[:, 0]


def _forgetting(fitted: Fit, x, point: dict, p) -> np.ndarray:
  """At injections [rows] or [lanes, rows]: [lanes, rows]."""
  base = fitted.scales["L"]
  values = {symbol: np.atleast_1d(v) for symbol, v in point.items()}
  values |= {"p": p, "L0": np.full(1, base)}
  if fitted.schedule is not None:
    values["T"] = fitted.schedule.trained(values["N"], values["D"], p)
  return fitted.losses(x, values) - base


def injection_needed(
  fitted: Fit, x, point: dict, tolerance: float | np.ndarray
) -> np.ndarray:
  """Finds the least injection that keeps forgetting under a tolerance.

  A scan and a root, so that it serves every form; for the paper's form it
  equals max(0, ((A D^beta / tolerance)^(1/alpha) / N - 1) / B).

  Args:
    fitted: a fit of a forgetting law.
    x: [lanes, slots] in the fit's coordinates.
    point: symbol -> value: N, D.
    tolerance: nats per token, one for all lanes or [lanes].

  Returns:
    [lanes], fractions; infinite where none suffices.
  """
  limit = np.broadcast_to(np.asarray(tolerance, float), len(x))
  enough = _forgetting(fitted, x, point, GRID) <= limit[:, None]
  first = np.argmax(enough, axis=1)
  found = enough.any(axis=1)
  low, high = GRID[np.maximum(first - 1, 0)], GRID[first]

  def over(p):
    return forgetting_at(fitted, x, point, p) - limit

  high = _edge(over, low, high)
  return np.where(found, np.where(first == 0, 0.0, high), np.inf)


def target_tokens_allowed(
  fitted: Fit,
  *,
  model_params: float,
  injection: float,
  tolerance: float,
  level: float = 0.95,
) -> Answer:
  """Finds the most target tokens that keep forgetting under a tolerance.

  The published form: (tolerance ((1 + B p) N)^alpha / A)^(1/beta).

  Args:
    fitted: a fit of a forgetting law.
    model_params, injection: of the fine-tuning.
    tolerance: nats per token.
    level: of the interval.

  Returns:
    tokens; infinite where any amount keeps it, 0 where none does.
  """
  point = {"N": float(model_params)}
  return _solve_axis(
    fitted, "D", point, injection, tolerance, level=level, rises=True
  )


def model_params_needed(
  fitted: Fit,
  *,
  target_tokens: float,
  injection: float,
  tolerance: float,
  level: float = 0.95,
) -> Answer:
  """Finds the smallest model that keeps forgetting under a tolerance.

  The published form: (A D^beta / tolerance)^(1/alpha) / (1 + B p).

  Args:
    fitted: a fit of a forgetting law.
    target_tokens, injection: of the fine-tuning.
    tolerance: nats per token.
    level: of the interval.

  Returns:
    non-embedding parameters; 0 where any size keeps it, infinite where none
    does.
  """
  point = {"D": float(target_tokens)}
  return _solve_axis(
    fitted, "N", point, injection, tolerance, level=level, rises=False
  )


def halving_injection(fitted: Fit, level: float = 0.95) -> Answer:
  """Tells the injection that halves forgetting: (2^(1/alpha) - 1) / B.

  It exists free of size and data in the published form only.

  Args:
    fitted: a fit of the published form.
    level: of the interval.

  Returns:
    a fraction; above 1 no injection halves it.

  Raises:
    InputError: another form.
  """
  if fitted.law.name != "forgetting" or fitted.choices.free:
    raise InputError(
      "the injection that halves forgetting depends on size and data, "
      "except in the published form: fit `forgetting` with nothing freed"
    )
  values = [
    (2 ** (1 / q["alpha"]) - 1) / q["B"]
    for q in (fitted.natural(fitted.x[None]), fitted.natural(fitted.draws()))
  ]
  return _answer(fitted, values[0][0], values[1], level, {})


def depends_on(fitted: Fit, axis: str, point: dict) -> bool:
  """Whether forgetting without injection changes along an axis, by a law.

  Args:
    fitted: a fit of a forgetting law; with a power held at 0 it has no answer
      to how much text, or which size, would do without injection.
    axis: N or D.
    point: N and D, where.
  """
  here, there = (
    forgetting_at(fitted, fitted.x[None], at, 0.0)[0]
    for at in (point, {**point, axis: 2 * point[axis]})
  )
  return not np.isclose(here, there, rtol=1e-9, atol=0)


def _solve_axis(
  fitted: Fit, axis, point, injection, tolerance, *, level, rises
) -> Answer:
  """Where forgetting along one axis crosses the tolerance."""
  least, greatest = fitted.ranges[axis]
  ends = np.log(least / SPAN), np.log(greatest * SPAN)

  def crossing(x):
    low, high = (np.full(len(x), end) for end in ends)

    def over(log):
      at = {**point, axis: np.exp(log)[:, None]}
      return forgetting_at(fitted, x, at, injection) - tolerance

    kept = over(low) <= 0, over(high) <= 0
    never, always = (~kept[0], kept[1]) if rises else (~kept[1], kept[0])
    value = np.exp(_edge(over, low, high))
    nothing, everything = (0.0, np.inf) if rises else (np.inf, 0.0)
    value = np.where(always, everything, value)
    return np.where(never, nothing, value)

  value, *draws = crossing(np.vstack([fitted.x, fitted.draws()]))
  where = {**point, axis: float(value), "p": injection}
  return _answer(fitted, value, np.array(draws), level, where)


@np.errstate(invalid="ignore", divide="ignore", over="ignore")
def _edge(over: Callable, low, high) -> np.ndarray:
  """Where a function rises above 0 or falls to it; never on the side above.

  Chandrupatla's method, on all lanes at once: an inverse parabola through three
  points where it is safe, else a bisection. What is not a number is above 0.

  Args:
    over: points [lanes] -> values [lanes].
    low, high: [lanes], ends; where both are on one side any of them comes out.

  Returns:
    [lanes].
  """

  def value(x):
    found = over(x)
    return np.where(np.isnan(found), np.inf, found)

  a, b = high, low  # b is the last but one, on the other side of 0
  fa, fb = value(a), value(b)
  c, fc = b, fb
  share = np.full(len(a), 0.5)
  for _ in range(STEPS):
    x = a + share * (b - a)
    fx = value(x)
    same = (fx > 0) == (fa > 0)
    c, fc = np.where(same, a, b), np.where(same, fa, fb)
    b, fb = np.where(same, b, a), np.where(same, fb, fa)
    a, fa = x, fx
    room = NEAR * np.maximum(np.abs(a), np.abs(b)) / np.abs(b - a)
    if not ((room < 0.5) & ((fa > 0) != (fb > 0))).any():
      break
    xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
    safe = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    share = fa / (fb - fa) * fc / (fb - fc)
    share += (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    share = np.where(safe & np.isfinite(share), share, 0.5)
    room = np.minimum(room, 0.5)
    share = np.clip(share, room, 1 - room)
  return np.where(fa > 0, b, a)


def _answer(fitted, value, draws, level, point) -> Answer:
  low, high = quantile(draws, tails(level))
  return Answer(
    float(value), float(low), float(high), level, beyond(fitted, point)
  )


def beyond(fitted: Fit, point: dict) -> dict[str, float]:
  """Tells how far a point lies outside the data.

  Args:
    fitted: a fit with its ranges.
    point: symbol -> value.

  Returns:
    column's name -> factor, of the axes on which it is outside by a quarter or
    more.
  """
  out = {}
  for symbol, (least, greatest) in fitted.ranges.items():
    value = point.get(symbol)
    if value is None:
      continue
    name = fitted.law.variables[symbol].columns[0]
    if value > greatest * BEYOND:
      out[name] = float(value / greatest) if greatest else float("inf")
    elif 0 < value < least / BEYOND:
      out[name] = float(least / value)
  return out
