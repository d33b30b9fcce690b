"""How many tokens a planned run trains on: what a token law asks of a plan.

A run trains on E D / (1 - p) tokens, E being its passes over D target tokens,
which are those of the study's own runs of such D unless the caller gives them.
At best it has trained on fewer where the target loss turns before the end: the
law `bottom`, T (1 - p) = C D^delta / N^nu, fitted to the runs that turned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forgetting.laws import trained

MOST = 0.99  # of an injection: with all of the batch there is no end


@dataclass(frozen=True)
class Bottom:
  """T (1 - p) = C D^delta / N^nu, tokens trained on when the loss turns.

  Attributes:
    C, delta, nu: of the equation, in natural units.
    error: root mean square of ln T over the runs that turned.
    runs: how many did.
  """

  C: float
  delta: float
  nu: float
  error: float
  runs: int

  def target_part(self, n, d):
    """Tokens of target text until the target loss turns.

    Args:
      n, d: model params and target tokens; arrays are welcome.
    """
    return self.C * np.power(d, self.delta) * np.power(n, -self.nu)


@dataclass(frozen=True)
class Schedule:
  """The tokens that runs train on, by their N, D and p.

  Attributes:
    levels: (target tokens, passes over them as planned), by target tokens.
    bottom: where the target loss turns before; None: the plan is read off at
      its end.
  """

  levels: tuple[tuple[float, float], ...]
  bottom: Bottom | None = None

  def epochs(self, d):
    """Passes over the target tokens as planned.

    Between the study's amounts, and beyond them, along straight lines in the
    logs; never less than one.

    Args:
      d: target tokens; an array is welcome.
    """
    tokens, passes = np.log(np.array(self.levels)).T
    x = np.log(np.asarray(d, float))
    if len(tokens) == 1:
      return np.exp(passes[0]) + 0.0 * x
    at = np.clip(np.searchsorted(tokens, x) - 1, 0, len(tokens) - 2)
    slope = np.diff(passes) / np.diff(tokens)
    return np.maximum(np.exp(passes[at] + slope[at] * (x - tokens[at])), 1.0)

  def planned(self, d, p):
    """Tokens of all batches of a run.

    Args:
      d, p: target tokens and injection; arrays are welcome.
    """
    return self.epochs(d) * d / (1 - np.minimum(p, MOST))

  def trained(self, n, d, p):
    """Tokens trained on when the loss is read.

    Args:
      n, d, p: model params, target tokens, injection; arrays are welcome.
    """
    planned = self.planned(d, p)
    if self.bottom is None:
      return planned
    part = self.bottom.target_part(n, d) / (1 - np.minimum(p, MOST))
    return np.minimum(planned, part)

  def with_epochs(self, epochs: float) -> Schedule:
    """The same for runs of so many passes over the target tokens."""
    return replace(self, levels=((1.0, float(epochs)),))

  def as_dict(self) -> dict:
    """As JSON takes it."""
    bottom = self.bottom and dict(vars(self.bottom))
    return {"levels": [list(pair) for pair in self.levels], "bottom": bottom}

  @classmethod
  def from_dict(cls, stored: dict) -> Schedule:
    """Reads what `as_dict` gave."""
    bottom = stored["bottom"]
    return cls(
      tuple((float(d), float(e)) for d, e in stored["levels"]),
      bottom and Bottom(**bottom),
    )


def schedule_of(frame, *, at_best: bool, rows=None) -> Schedule:
  """Reads off a table how long its runs are.

  Args:
    frame: a data frame with planned_tokens, target_tokens and injection.
    at_best: whether runs are read off where their target loss turns.
    rows: [rows] bool, which of them may be looked at; all of them by default.
  """
  seen = frame if rows is None else frame[np.asarray(rows, bool)]
  d = seen["target_tokens"].to_numpy(float)
  share = 1 - seen["injection"].to_numpy(float)
  passes = seen["planned_tokens"].to_numpy(float) * share / d
  levels = tuple(
    (float(level), float(np.exp(np.median(np.log(passes[d == level])))))
    for level in np.unique(d)
  )
  return Schedule(levels, fit_bottom(seen) if at_best else None)


def fit_bottom(frame) -> Bottom | None:
  """Fits where the target loss turns, by least squares in logs.

  Powers that the runs cannot tell (one size, one amount of text) are those of
  a constant number of passes: delta = 1, nu = 0.

  Args:
    frame: a data frame of runs with best_tokens, steps and best_step.

  Returns:
    None where no run turned.
  """
  if "best_tokens" not in frame:
    return None
  known = frame[trained.turned(frame)]
  if not len(known):
    return None
  n, d = (np.log(known[c].to_numpy(float)) for c in _AXES)
  y = np.log(known["best_tokens"].to_numpy(float))
  y = y + np.log1p(-known["injection"].to_numpy(float))
  moving = [np.ones(len(y))]
  held = np.zeros(len(y))
  if np.ptp(d) > 1e-9:
    moving.append(d)
  else:
    held = d
  if np.ptp(n) > 1e-9:
    moving.append(-n)
  design = np.stack(moving, axis=1)
  solution, *_ = np.linalg.lstsq(design, y - held, rcond=None)
  residual = y - held - design @ solution
  powers = list(solution[1:])
  delta = powers.pop(0) if np.ptp(d) > 1e-9 else 1.0
  nu = powers.pop(0) if np.ptp(n) > 1e-9 else 0.0
  free = max(len(y) - design.shape[1], 1)
  return Bottom(
    float(np.exp(solution[0])),
    float(delta),
    float(nu),
    float(np.sqrt(np.sum(residual**2) / free)),
    len(y),
  )


_AXES = ("model_params", "target_tokens")
