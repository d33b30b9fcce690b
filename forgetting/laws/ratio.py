"""Tests the forgetting law's sharpest consequence.

With E = 0 the law says that F(p) / F(0) = (1 + B p)^-alpha: the same at every
model size and every amount of data. Freeing mu and nu in B N^mu D^nu gives it
up, so the test is whether the data leave them at zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forgetting.laws import lockstep
from forgetting.laws.fit import fitting
from forgetting.laws.fitted import Fit
from forgetting.laws.lockstep import Search

MEASURABLE = 3.0


@dataclass(frozen=True)
class RatioTest:
  """What the data say about F(p)/F(0).

  Attributes:
    injection: [levels], the positive injections.
    law: [levels], F(p)/F(0) by the law.
    low, median, high: [levels], measured over the cells.
    cells: [levels], how many cells could be used: those whose F(0) is at
      more than three times the noise.
    powers: mu and nu -> (value, low, high).
    level: of those intervals.
    better: relative fall of the objective when mu and nu are free.
  """

  injection: np.ndarray
  law: np.ndarray
  low: np.ndarray
  median: np.ndarray
  high: np.ndarray
  cells: np.ndarray
  powers: dict[str, tuple[float, float, float]]
  level: float
  better: float

  @property
  def consistent(self) -> bool:
    """Whether mu and nu can both be zero, or nothing says otherwise."""
    zero = all(low <= 0 <= high for _, low, high in self.powers.values())
    return zero or not self.cells.any()

  def __str__(self) -> str:
    lines = ["  F(p)/F(0), which the law with E = 0 holds free of N and D:"]
    for row in zip(
      self.injection,
      self.law,
      self.median,
      self.low,
      self.high,
      self.cells,
      strict=True,
    ):
      p, law, median, low, high, cells = row
      measured = (
        f"measured {median:.2f} [{low:.2f} to {high:.2f} over {cells} cells]"
        if cells
        else "not measurable: F(0) is within three times the noise"
      )
      lines.append(f"    p = {p:<7g} law {law:.2f}  {measured}")
    powers = ", ".join(
      f"{name} = {value:.2g} [{low:.2g}, {high:.2g}]"
      for name, (value, low, high) in self.powers.items()
    )
    if not self.cells.any():
      return "\n".join(lines)
    verdict = (
      "consistent with the data"
      if self.consistent
      else "NOT consistent with the data: " + " and ".join(self._why())
    )
    lines.append(f"    {verdict} (B as N^mu D^nu: {powers})")
    return "\n".join(lines)

  def _why(self):
    for name, what in (("mu", "larger models"), ("nu", "more target tokens")):
      _, low, high = self.powers[name]
      if low > 0 or high < 0:
        more = "more" if low > 0 else "less"
        yield f"injection helps {more} with {what}"


def ratio_test(fit: Fit, level: float = 0.95) -> RatioTest:
  """Tests whether F(p)/F(0) is the same at every size and amount of data.

  Args:
    fit: of the law `forgetting`, with its data.
    level: of the intervals of mu and nu.

  Raises:
    InputError: too few runs for two parameters more.
  """
  return lockstep.run(testing(fit, level))


def testing(fit: Fit, level: float = 0.95) -> Search[RatioTest]:
  """`ratio_test`, as a search that others may go beside."""
  # Optional parameters could mimic a ratio that varies: test without them.
  choices = replace(fit.choices, free=("mu", "nu"))
  data = fit.own_data
  wide = yield from fitting(fit.law, data, choices, scales=fit.scales)
  yield from wide.drawing()
  intervals = wide.interval(level)
  powers = {
    name: (wide.params[name], *intervals[name]) for name in ("mu", "nu")
  }
  injection, measured = measured_ratios(fit)
  quantiles = [
    np.quantile(m, [0, 0.5, 1]) if len(m) else np.full(3, np.nan)
    for m in measured
  ]
  low, median, high = np.array(quantiles).T.reshape(3, -1)
  params = fit.params
  return RatioTest(
    injection=injection,
    law=(1 + params["B"] * injection) ** -params["alpha"],
    low=low,
    median=median,
    high=high,
    cells=np.array([len(m) for m in measured], int),
    powers=powers,
    level=level,
    better=1 - wide.objective / max(fit.objective, 1e-300),
  )


def measured_ratios(fit: Fit):
  """Measures F(p)/F(0) in every cell that allows it.

  Args:
    fit: of the law `forgetting`, with its data.

  Returns:
    the positive injections [levels], and a list with the ratios of the cells
    whose F(0) is more than three times the noise, for each.
  """
  values, loss = fit.own_data.values, fit.own_data.loss
  forgetting = loss - values["L0"]
  noise = fit.certificate.noise * loss
  injection = np.unique(values["p"][values["p"] > 0])
  out: list[list[float]] = [[] for _ in injection]
  cells = np.stack([values["N"], values["D"]], 1)
  for cell in np.unique(cells, axis=0):
    here = (cells == cell).all(1)
    none = here & (values["p"] == 0)
    if not none.any():
      continue
    start = forgetting[none].mean()
    if start <= MEASURABLE * noise[none].mean():
      continue
    for k, p in enumerate(injection):
      with_p = here & (values["p"] == p)
      if with_p.any():
        out[k].append(forgetting[with_p].mean() / start)
  return injection, [np.array(m) for m in out]
