"""Which few runs tell an injection closely enough.

The law of tokens, F = A T^beta / (N^alpha (1 + B p T)^c), is believed with a
Gaussian of its parameters. A run tells F at its bottom, with errors of two
kinds: what the law is off by there, the more the further the run's N and D are
from those in question, which another seed does not mend; and its luck. First
come the few runs without which a fit cannot tell each exponent
(`candidates.star`), whatever is believed of these. Then runs are taken one by
one, each time the one that lowers the variance of ln p* most for its cost, p*
being the injection that keeps the tolerance, until they tell it as closely as
is asked. What the form of the law is off by at the question itself is told
beside: no run mends that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError
from forgetting.laws import plan_table
from forgetting.laws.belief import slopes
from forgetting.laws.candidates import AXES, Cost, star
from forgetting.laws.schedule import Schedule
from forgetting.laws.trials import UNTRIED

if TYPE_CHECKING:
  import pandas as pd

# What is expected of a study: as the toy studies of this project had it, with
# a spread that takes in what their domains and sizes differ by.
EXPECTED = {"beta": 0.35, "B": 1e-4, "c": 0.35, "alpha": 0.1}
SPREAD = {"A": 1.5, "beta": 0.3, "B": 2.5, "c": 0.25, "alpha": 0.2}  # A, B: ln
OF_RUN = 0.02  # nats: what seeds are off by
OF_LAW = 0.03  # nats an e-fold of N, and of D, as backtests of the toys had it
MOST_SEEDS = 3
STEP = 1e-3  # of an injection, relative, to see what it moves
LEAST, MOST = 1e-6, 0.99  # of an injection that is looked for
LARGEST = 700.0  # of what may be put into exp
NOTHING = 1000  # a factor from which on nothing is known of an injection
Z = 1.96  # of a 95 % interval
NAMES = ("A", "beta", "B", "c", "alpha")


@dataclass(frozen=True)
class InjectionPlan:
  """Runs that tell the injection as closely as was asked.

  Attributes:
    runs: a data frame: model_params, target_tokens, injection, seeds, cost.
    injection: p* as expected before any of them.
    factor: by which p* may be off either way after them, at 95 %, were the
      form of the law right there.
    before: the same before.
    asked: the factor that was asked for; it is not reached where all runs
      that may be taken do not give it.
    whole: the factor with what the form of the law is off by.
    missing: parameters that the runs that are there do not identify.
  """

  runs: pd.DataFrame
  injection: float
  factor: float
  before: float
  asked: float
  whole: float
  missing: tuple[str, ...] = ()

  def __str__(self) -> str:
    number = int(self.runs["seeds"].sum())
    cost = float((self.runs["cost"] * self.runs["seeds"]).sum())
    without = f" ({_told(self.before)} without them)" if number else ""
    head = (
      f"{number} runs for {cost:.2g} FLOPs: "
      f"{'they' if number else 'those that are there'} tell, by the law of"
      f" tokens, an injection of about {100 * self.injection:.2g} % within a"
      f" factor of {self.factor:.2g} at 95 %{without}, {_told(self.whole)} with"
      " what the form of the law may be off by"
    )
    if self.factor > self.asked:
      head += (
        f"; {self.asked:g} was asked for, and all runs of the study do not give"
        " it: add levels of injection near that, or seeds"
      )
    lines = [head, *plan_table.lines(self.runs)]
    if self.missing:
      lines.append(
        "caution: the runs that are there do not identify"
        f" {', '.join(self.missing)}: these factors are of what studies have in"
        " common, and `forgetting advise` may say less"
      )
    return "\n".join(lines)

  def as_dict(self) -> dict:
    """As JSON takes it."""
    names = ("injection", "factor", "before", "asked", "whole", "missing")
    facts = {name: getattr(self, name) for name in names}
    return {"runs": self.runs.to_dict("records"), **facts}


def plan_injection(
  candidates: Sequence[Mapping[str, float]],
  *,
  target: Mapping[str, float],
  tolerance: float,
  factor: float,
  schedule: Schedule,
  law: np.ndarray,
  done: Sequence[Mapping[str, float]] = (),
  off: float | None = None,
  missing: Sequence[str] = (),
) -> InjectionPlan:
  """Chooses the runs of a study to come, or those to add to one.

  Args:
    candidates: the runs that may be taken, dicts with N, D and p.
    target: N and D of the fine-tuning that is to be advised.
    tolerance: of its forgetting, nats.
    factor: by which the injection may be off either way, above 1.
    schedule: the tokens that runs train on.
    law: [5], ln A, beta, ln B, c and alpha as expected, see `expected_law`.
    done: the runs that are there.
    off: nats that the form of the law is off by there; by default as forms
      were elsewhere: see `trials.UNTRIED`.
    missing: parameters that the runs that are there do not identify; then
      those that tell each exponent come first, however close the belief is.

  Raises:
    InputError: a factor or a tolerance that cannot be, or an expectation that
      leaves nothing to ask: no forgetting above the tolerance, or none that
      an injection could take away.
  """
  if not factor > 1:
    raise InputError(f"interval {factor:g}: expected a factor above 1")
  if not tolerance > 0:
    raise InputError(f"tolerance {tolerance:g}: expected nats above 0")
  wanted = _needed(law, target, tolerance, schedule, guessed=not done)
  steepness = _steepness(law, target, wanted, schedule)
  # of ln p*: what raises forgetting there is made up for along its fall
  gradient = _gradient(law, {**target, "p": wanted}, schedule) / steepness
  belief = _Belief.of(law, [*candidates, *done], target, schedule)
  costs = np.array([_cost(point, schedule) for point in candidates])
  free = np.arange(len(candidates))
  taken = np.concatenate([np.zeros(len(candidates), int), np.ones(len(done))])
  before = now = belief.variance(gradient, taken)
  if missing or _factor(now) > factor:
    first = star(candidates, target, wanted)
    taken[[i for i in first if candidates[i] not in done]] = 1
    now = belief.variance(gradient, taken)
  while _factor(now) > factor:
    after = np.array(
      [
        belief.variance(gradient, taken + (np.arange(len(taken)) == i))
        for i in free
      ]
    )
    worth = np.where(taken[free] < MOST_SEEDS, (now - after) / costs, -np.inf)
    best = int(np.argmax(worth))
    if not worth[best] > 0:
      break
    taken[best] += 1
    now = float(after[best])
  if off is None:
    off = UNTRIED * float(_at_end(law, target, np.zeros(1), schedule)[0])
  return InjectionPlan(
    _table(candidates, taken[free].astype(int), costs),
    wanted,
    _factor(now),
    _factor(before),
    factor,
    _factor(now + (off / steepness) ** 2),
    tuple(missing),
  )


def expected_law(
  candidates: Sequence[Mapping[str, float]],
  schedule: Schedule,
  *,
  forgetting: float,
  expected: Mapping[str, float] = EXPECTED,
) -> np.ndarray:
  """The law of a study that has no runs yet.

  Args:
    candidates: its runs to be.
    schedule: the tokens that they train on.
    forgetting: expected without injection of the smallest model at the most
      target tokens, nats.
    expected: beta, B, c and alpha.

  Returns:
    [5], ln A, beta, ln B, c and alpha.
  """
  x = np.array([0.0, *(expected[name] for name in NAMES[1:])])
  x[2] = math.log(x[2])
  smallest = min(point["N"] for point in candidates)
  longest = max(point["D"] for point in candidates)
  height = _at_end(x, {"N": smallest, "D": longest}, np.zeros(1), schedule)
  x[0] = math.log(forgetting / height[0])
  return x


def _forgetting(x, n, trained, p) -> np.ndarray:
  """By the law of tokens, nats.

  Args:
    x: [5], as of `expected_law`.
    n, trained, p: model params, tokens trained on, injection; arrays.
  """
  a, beta, b, c, alpha = x
  injected = np.log1p(np.exp(b) * p * trained)
  return np.exp(a + beta * np.log(trained) - alpha * np.log(n) - c * injected)


def _at_end(x, point, p, schedule) -> np.ndarray:
  trained = schedule.trained(point["N"], point["D"], p)
  return _forgetting(x, point["N"], trained, p)


def _needed(x, target, tolerance, schedule, *, guessed=True) -> float:
  """The least injection that keeps the tolerance, between LEAST and MOST."""
  levels = np.concatenate([[0.0], np.geomspace(LEAST, MOST, 400)])
  lost = _at_end(x, target, levels, schedule)
  if lost[0] <= tolerance:
    raise InputError(
      f"tolerance {tolerance:g}: no more than {lost[0]:.3g} nats of forgetting"
      " are expected without injection; ask for less"
      + (", or expect more by --guess forgetting=..." if guessed else "")
    )
  kept = np.flatnonzero(lost <= tolerance)
  if not len(kept):
    raise InputError(
      f"tolerance {tolerance:g}: {lost.min():.3g} nats are expected at the"
      " best injection; ask for more"
      + (", or expect less by --guess forgetting=..." if guessed else "")
    )
  last = int(kept[0])
  low, high = levels[last - 1], levels[last]
  part = (lost[last - 1] - tolerance) / (lost[last - 1] - lost[last])
  return float(low + part * (high - low))


def _steepness(x, target, injection: float, schedule) -> float:
  """By how many nats forgetting falls for an e-fold of the injection more."""
  beside = injection * np.array([1 - STEP, 1 + STEP])
  less, more = _at_end(x, target, beside, schedule)
  return float(less - more) / (2 * STEP)


@dataclass(frozen=True)
class _Belief:
  """What runs tell of the law, by how often each point is run.

  Attributes:
    gradients: of forgetting at each point, [points, 5].
    off: [points], nats that the law is off by at each.
  """

  gradients: np.ndarray
  off: np.ndarray

  @classmethod
  def of(cls, law, points, target, schedule) -> _Belief:
    """Of all runs that are there or may be taken."""
    distances = [
      sum(abs(math.log(point[k] / target[k])) for k in "ND") for point in points
    ]
    gradients = [_gradient(law, point, schedule) for point in points]
    return cls(np.array(gradients), OF_LAW * np.array(distances))

  def variance(self, gradient, taken) -> float:
    """Of what has that gradient, after each point was run so often."""
    times = np.asarray(taken, float)
    weight = times / (times * self.off**2 + OF_RUN**2)  # none: 0
    information = np.diag([SPREAD[name] ** -2.0 for name in NAMES])
    information += (self.gradients.T * weight) @ self.gradients
    return float(gradient @ np.linalg.solve(information, gradient))


def _gradient(law, point, schedule) -> np.ndarray:
  def lost(x, _):
    return _at_end(x, point, np.array([point["p"]]), schedule)

  return slopes(lost, law, None)[0]


def _told(factor: float) -> str:
  return f"{factor:.2g}" if factor < NOTHING else "nothing is known"


def _factor(variance: float) -> float:
  """By which p* may be off either way."""
  return math.exp(min(Z * math.sqrt(variance), LARGEST))


def _cost(point, schedule) -> float:
  epochs = float(schedule.epochs(point["D"]))
  return Cost(epochs=epochs)(point)


def _table(candidates, taken, costs):
  import pandas as pd

  rows = [
    {
      **{name: point[symbol] for symbol, name in AXES.items()},
      "seeds": int(times),
      "cost": float(cost),
    }
    for point, times, cost in zip(candidates, taken, costs, strict=True)
    if times
  ]
  columns = [*AXES.values(), "seeds", "cost"]
  return pd.DataFrame(rows, columns=columns).sort_values(columns[:3])
