"""Profiles of the objective: what it costs to hold a parameter elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forgetting.laws import lockstep
from forgetting.laws.lockstep import Search
from forgetting.laws.problem import predict
from forgetting.laws.solve import lowest_each

STARTS = 8


def profile(fit, name: str, values) -> np.ndarray:
  """Finds the least objective with one parameter held at some values.

  Args:
    fit: a Fit that still has its data.
    name: a nonlinear parameter; `values` are in centred units, which for
      exponents and for B are natural units too.

  Returns:
    [values], never below the fit's own objective but for rounding.
  """
  held = [(name, value) for value in np.atleast_1d(values)]
  return lockstep.run(_least(fit, held))


def _least(fit, held: Sequence[tuple[str, float]]) -> Search[np.ndarray]:
  """The least objective with each of these alone held at its value."""
  problem, parts = fit.own_problem, []
  for name, value in held:
    members = [i for i, _ in problem.members(fit.law[name])]
    free, at = problem.free.copy(), fit.x.copy()
    free[members] = False
    at[members] = problem.slots[members[0]].inside(value)
    parts.append(replace(problem, free=free, at=at))
  _, objectives = yield from lowest_each(parts, STARTS)
  return objectives


def excess(fit, objective) -> np.ndarray:
  """Computes the likelihood-ratio statistic of objectives above the optimum.

  For an M-estimator, 2 (f - f*) E[psi'] / E[psi^2] is chi-squared with one
  degree of freedom; the density at zero is smoothed when delta is far below
  the noise, where counting the rows inside delta would be a lottery.

  Args:
    fit: a Fit that still has its data.
    objective: one or more, of the same problem.
  """
  problem = fit.own_problem
  residual = predict(problem, fit.x[None])[0] - problem.log_loss
  delta = problem.loss.delta
  n, free = len(residual), int(problem.free.sum())
  width = max(delta, 1.06 * fit.certificate.noise * n**-0.2)
  inside = max(np.mean(np.abs(residual) <= width), 1 / n)
  curvature = inside * min(delta / width, 1.0)
  square = np.mean(np.minimum(np.abs(residual), delta) ** 2)
  shrink = max(n - free, 1) / n
  return (
    2 * (objective - fit.objective) * curvature / max(square, 1e-300) * (shrink)
  )


def open_sides(fit, *, chi2: float = 3.84) -> Search[dict[str, str]]:
  """Tells on which sides the data set no limit to a parameter.

  Args:
    fit: a Fit that still has its data.
    chi2: the statistic that counts as a limit; 3.84 is 95 %.

  Returns:
    parameter -> "above", "below" or "both", of those that are open.
  """
  moving = [p for p in fit.law.nonlinear if fit.choices.moves(fit.law, p.name)]
  if not moving:
    return {}
  ends = [(p.name, end) for p in moving for end in (p.low, p.high)]
  least = yield from _least(fit, ends)
  limits = excess(fit, least) < chi2
  out = {}
  for parameter, (low, high) in zip(moving, limits.reshape(-1, 2), strict=True):
    if low or high:
      out[parameter.name] = (
        "both" if low and high else "below" if low else "above"
      )
  return out
