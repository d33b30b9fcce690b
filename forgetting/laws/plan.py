"""Which runs to add next, so that a prediction becomes sharper for its cost.

A candidate's worth is the fall of the prediction's variance at the targets if
it were run, per cost: sum_k w_k |J_k S_k j|^2 / (s^2 + j' S_k j) over the
basins k that fit about as well, with S the parameters' covariance, j the
candidate's gradient and J the targets' (V-optimal, after arXiv 2604.22753),
plus what the candidate would tell about which basin is true. The budget is
spent as long as the rest of it, at the next run's worth, can still be felt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError
from forgetting.laws import plan_table
from forgetting.laws.belief import Belief, between, slopes
from forgetting.laws.budget import check
from forgetting.laws.candidates import (
  AXES,
  Cost,
  default_candidates,
  least_design,
)
from forgetting.laws.fitted import Fit
from forgetting.laws.objective import evaluate
from forgetting.laws.profiles import excess

if TYPE_CHECKING:
  import pandas as pd

FELT = 0.05  # of the variance that is left, which the rest of a budget may take


@dataclass(frozen=True)
class Plan:
  """Runs to add, in order.

  Attributes:
    runs: a data frame: model_params, target_tokens, injection, cost, and
      error: the relative standard error of the target prediction once this
      run and those above it are in.
    before, after: that error before any run and after all.
    budget, spent: in the cost model's units.
  """

  runs: pd.DataFrame
  before: float
  after: float
  budget: float
  spent: float

  def __str__(self) -> str:
    head = (
      f"{len(self.runs)} runs for {self.spent:.2g} of {self.budget:.2g} FLOPs:"
      f" the prediction's standard error goes from {100 * self.before:.2g} % to"
      f" {100 * self.after:.2g} %"
    )
    if not len(self.runs):
      return f"{head}: no run that it pays for would do much"
    if (left := self.budget - self.spent) > 0:
      head += f"; no run that the other {left:.2g} pay for would do much more"
    return "\n".join([head, *plan_table.lines(self.runs)])

  def as_dict(self) -> dict:
    """The runs and the two errors, as JSON takes them."""
    return {
      "runs": self.runs.to_dict("records"),
      "before": self.before,
      "after": self.after,
      "budget": self.budget,
      "spent": self.spent,
    }


def plan(
  fitted: Fit,
  *,
  budget: float,
  targets: list[dict[str, float]],
  candidates: list[dict[str, float]] | None = None,
  cost: Cost | None = None,
  power: float = 1.0,
  repeats: int = 2,
) -> Plan:
  """Designs the next runs of a study that has a fit.

  Runs are taken greedily, by their worth per cost: see the module's docstring.

  Args:
    fitted: a forgetting law fitted to what is there (half a study will do).
    budget: in the cost model's units (FLOPs).
    targets: points whose predicted loss should become sharper.
    candidates: runs that could be added; by default the study's levels, one
      more at either end of injection included.
    cost: FLOPs of a point; by default 6 N epochs D / (1 - p).
    power: of the cost; 0 ignores it.
    repeats: how often a candidate may be added; each time with a new seed.

  Raises:
    InputError: a budget that is not positive.
  """
  check(budget=budget)
  candidates = candidates or default_candidates(fitted)
  cost = cost or Cost()
  noise = max(fitted.certificate.noise, 1e-6)
  beliefs = [
    Belief.of(fitted, x, weight, targets, candidates, noise)
    for x, weight in rivals(fitted)
  ]
  return _greedy(beliefs, candidates, cost, budget, power, noise, [], repeats)


def plan_new(
  guess: Mapping[str, float],
  *,
  budget: float,
  targets: list[dict[str, float]],
  candidates: list[dict[str, float]],
  base_loss: float = 3.0,
  noise: float = 0.005,
  cost: Cost | None = None,
  power: float = 1.0,
  repeats: int = 2,
) -> Plan:
  """Designs a study that does not exist yet, from a guess of the law.

  The smallest design that identifies a law comes first: three sizes, three
  amounts of data, and three injections of which one is 0 and one near 1/B.

  Args:
    guess: A, B, alpha, beta of the forgetting law, within a factor of e^2
      (exponents within .5): that is the prior.
    base_loss: about the loss before fine-tuning, nats per token.
    noise: relative noise expected of a run.
    budget, targets, candidates, cost, power, repeats: as for `plan`.

  Raises:
    InputError: a budget or candidates that do not allow the least design.
  """
  check(budget=budget)
  cost = cost or Cost()
  first = least_design(candidates, guess["B"], cost)
  spent = sum(cost(candidates[i]) for i in first)
  if spent > budget:
    raise InputError(
      f"budget {budget:.3g}: the smallest design that identifies a law, "
      f"{len(first)} of the candidates, costs {spent:.3g}"
    )

  def losses(log_params, points):
    a, b, alpha, beta = log_params
    n, d, p = (np.array([q[k] for q in points]) for k in "NDp")
    f = np.exp(a + beta * np.log(d)) / ((1 + np.exp(b) * p) * n) ** alpha
    return np.log(base_loss + f)

  x = np.array(
    [np.log(guess["A"]), np.log(guess["B"]), guess["alpha"], guess["beta"]]
  )
  belief = Belief(
    1.0,
    np.diag([2.0, 2.0, 0.5, 0.5]) ** 2,
    slopes(losses, x, candidates),
    slopes(losses, x, targets),
    losses(x, candidates),
    losses(x, targets),
  )
  return _greedy(
    [belief], candidates, cost, budget, power, noise, first, repeats
  )


def rivals(fitted: Fit):
  """Finds the basins that the data do not rule out.

  Args:
    fitted: a fit that still has its data.

  Returns:
    (point [slots], weight) of each; the weights sum to 1.
  """
  objective = evaluate(fitted.own_problem, fitted.basins).objective
  weight = np.exp(-0.5 * excess(fitted, objective))
  kept = weight > np.exp(-0.5 * 6.0)
  weight = weight[kept] / weight[kept].sum()
  return list(zip(fitted.basins[kept], weight, strict=True))


def _greedy(
  beliefs, candidates, cost, budget, power, noise, first, repeats
) -> Plan:
  import pandas as pd

  price = np.array([cost(c) for c in candidates])
  before, times = _error(beliefs), np.zeros(len(candidates), int)
  spent, rows, waiting = 0.0, [], list(first)
  while True:
    if waiting:
      index = waiting.pop(0)
    else:
      gain = _worth(beliefs, noise)
      free = (price <= budget - spent) & (times < repeats)
      worth = np.where(free, gain / price**power, -np.inf)
      index = int(np.argmax(worth))
      # later runs are worth less: the rest of the budget brings this at most
      rest = np.where(free, gain / price, 0.0).max() * (budget - spent)
      if not worth[index] > 0 or rest < FELT * _error(beliefs) ** 2:
        break
    spent += price[index]
    times[index] += 1
    for belief in beliefs:
      belief.learn(index, noise)
    rows.append(
      {
        **{name: candidates[index][k] for k, name in AXES.items()},
        "cost": float(price[index]),
        "error": _error(beliefs),
      }
    )
  columns = [*AXES.values(), "cost", "error"]
  frame = pd.DataFrame(rows, columns=columns)
  return Plan(frame, before, _error(beliefs), float(budget), float(spent))


def _worth(beliefs, noise) -> np.ndarray:
  within = sum(b.weight * b.gains(noise) for b in beliefs)
  if len(beliefs) == 1:
    return within
  weight = np.array([b.weight for b in beliefs])[:, None]
  apart = between(weight, np.array([b.at_candidates for b in beliefs]))
  open_question = between(
    weight, np.array([b.at_targets for b in beliefs])
  ).mean()
  return within + open_question * apart / (noise**2 + apart)


def _error(beliefs) -> float:
  weight = np.array([b.weight for b in beliefs])
  within = sum(b.weight * b.variance() for b in beliefs)
  at = np.array([b.at_targets for b in beliefs])
  return float(np.sqrt(within + between(weight[:, None], at).mean()))
