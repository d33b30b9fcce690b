"""What the command answers to plan, for a study or one to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from forgetting.config import InputError, amounts, domain_name
from forgetting.laws import table as tables
from forgetting.laws.answers import Report, runs_of, with_line
from forgetting.laws.arguments import pairs
from forgetting.laws.budget import check
from forgetting.laws.candidates import AXES, Cost, default_candidates, grid
from forgetting.laws.fit import fit as fit_table
from forgetting.laws.invert import forgetting_at
from forgetting.laws.law import find
from forgetting.laws.plan import plan as plan_runs
from forgetting.laws.plan import plan_new as plan_from_guess
from forgetting.laws.plan_injection import EXPECTED, expected_law
from forgetting.laws.plan_injection import plan_injection as plan_runs_of
from forgetting.laws.schedule import schedule_of
from forgetting.laws.trials import spread_at

# What a study to come is planned from: forgetting (nats) of the smallest model
# at the most target tokens without injection, and the law's other parameters.
GUESS = {"forgetting": 0.5, "B": 1000.0, "alpha": 0.5, "beta": 0.4}
# the same of the law of tokens
GUESS_TOKENS = {"forgetting": 0.5, **EXPECTED}


def parse_guess(
  text: str, known: Mapping[str, float] = GUESS
) -> dict[str, float]:
  """Reads `B=1000,alpha=.5`: numbers by name, over those that are known.

  Args:
    text: as the command line has it.
    known: what is taken where the text does not say; no other name is one.

  Raises:
    InputError: another name, or no positive number.
  """
  how = f"NAME=NUMBER of {', '.join(known)}, as in B=1000"
  out = dict(known)
  for name, value in pairs(text, "guess", how).items():
    number = amounts.number(value)
    if name not in known or number is None or number <= 0:
      raise InputError(f"guess {name}={value}: write {how}")
    out[name] = float(number)
  return out


def plan(
  source,
  *,
  budget: float,
  model_params: float,
  target_tokens: float,
  injection: float = 0.0,
  domain: str | None = None,
  epochs: float = 10.0,
  candidates: Mapping[str, Sequence[float]] | None = None,
  columns: Mapping[str, str] | None = None,
  method: str | None = None,
) -> Report:
  """Answers `forgetting plan`: which runs to add to sharpen one prediction.

  Args:
    source: a study or a table, as for `laws.fit`.
    budget: FLOPs, at 6 N epochs D / (1 - p) a run.
    model_params, target_tokens, injection: the prediction that matters.
    candidates: {"model_params": [...], "target_tokens": [...],
      "injection": [...]}, by default the study's own levels.
    domain: the target domain, where the table has several.
    epochs: passes over the target tokens that a run costs.
    columns: ours -> theirs.
    method: of the fine-tunings, as of `records.by_method`.

  Returns:
    a Report whose `table` has the runs to add, in order.

  Raises:
    InputError: no such domain, a number that cannot be, or no fit.
  """
  others = dict(budget=budget, injection=injection, epochs=epochs)
  point = _asked(model_params, target_tokens, **others)
  law = find("forgetting")
  frame, line = _of_domain(source, law, domain, columns, method)
  fitted = fit_table(frame, law)
  wanted = None
  if candidates is not None:
    axes = ("model_params", "target_tokens", "injection")
    wanted = grid(*(candidates[name] for name in axes))
  result = plan_runs(
    fitted,
    budget=budget,
    targets=[{**point, "p": float(injection)}],
    candidates=wanted,
    cost=Cost(epochs=epochs),
  )
  return Report(with_line(line, str(result)), result.as_dict(), result.runs)


def plan_new(
  study,
  *,
  budget: float,
  model_params: float,
  target_tokens: float,
  injection: float = 0.0,
  epochs: float = 10.0,
  guess: Mapping[str, float] = GUESS,
) -> Report:
  """Answers `forgetting plan` of a study file: which of its runs to do.

  Args:
    study: a Study; the levels of its fine-tunings are the candidates.
    budget, model_params, target_tokens, injection, epochs: as for `plan`.
    guess: as GUESS, within a factor of e^2 (exponents within .5).

  Returns:
    a Report whose `table` has the runs, in order.

  Raises:
    InputError: a study without fine-tunings, a number that cannot be, or a
      budget or candidates that do not allow the least design that identifies a
      law.
  """
  others = dict(budget=budget, injection=injection, epochs=epochs)
  point = _asked(model_params, target_tokens, **others)
  tuned = [run for run in study.runs if run.domain is not None]
  if not tuned:
    raise InputError(f"study {study.name}: found no fine-tuning to plan")
  levels = [
    sorted({of(run) for run in tuned})
    for of in (
      lambda run: run.model.model_params,
      lambda run: run.target_tokens,
      lambda run: run.injection,
    )
  ]
  alpha, beta = guess["alpha"], guess["beta"]
  amplitude = (
    guess["forgetting"] * levels[0][0] ** alpha / levels[1][-1] ** beta
  )
  result = plan_from_guess(
    {"A": amplitude, "B": guess["B"], "alpha": alpha, "beta": beta},
    budget=budget,
    targets=[{**point, "p": float(injection)}],
    candidates=grid(*levels),
    cost=Cost(epochs=epochs),
  )
  return Report(str(result), result.as_dict(), result.runs)


def plan_injection(
  source,
  *,
  tolerance: float,
  interval: float,
  model_params: float,
  target_tokens: float,
  domain: str | None = None,
  columns: Mapping[str, str] | None = None,
  method: str | None = None,
) -> Report:
  """Which runs to add so that the advised injection is known closely enough.

  Args:
    source: a study or a table, as for `laws.fit`.
    tolerance: of forgetting, nats.
    interval: the factor by which the injection may be off either way.
    model_params, target_tokens: of the fine-tuning that is to be advised.
    domain, columns, method: as for `plan`.

  Returns:
    a Report whose `table` has the runs to add and their seeds.

  Raises:
    InputError: as `plan` and `plan_injection.plan_injection`.
  """
  others = dict(tolerance=tolerance, interval=interval)
  point = _asked(model_params, target_tokens, **others)
  law = find("tokens")
  frame, line = _of_domain(source, law, domain, columns, method)
  fitted = fit_table(frame, law)
  schedule, params = fitted.schedule, fitted.params
  assert schedule is not None  # a law of tokens has one
  x = [params["A"], params["beta"], params["B"], params["c"], params["alpha"]]
  lost = float(forgetting_at(fitted, fitted.x[None], point, 0.0)[0])
  values = fitted.own_data.values
  rows = zip(*(values[symbol] for symbol in "NDp"), strict=True)
  result = plan_runs_of(
    default_candidates(fitted),
    target=point,
    tolerance=tolerance,
    factor=interval,
    schedule=schedule,
    law=np.array([np.log(x[0]), x[1], np.log(x[2]), *x[3:]]),
    done=[dict(zip("NDp", map(float, row), strict=True)) for row in rows],
    off=spread_at(fitted, point, lost),
    missing=[*fitted.unidentified],
  )
  return Report(with_line(line, str(result)), result.as_dict(), result.runs)


def plan_new_injection(
  study,
  *,
  tolerance: float,
  interval: float,
  model_params: float,
  target_tokens: float,
  domain: str | None = None,
  guess: Mapping[str, float] = GUESS_TOKENS,
) -> Report:
  """The same of a study file: which of its runs to do, and with how many seeds.

  Args:
    study: a Study; its fine-tunings are the candidates.
    tolerance, interval, model_params, target_tokens: as of `plan_injection`.
    domain: of the runs; by default the first of the study.
    guess: as GUESS_TOKENS.

  Returns:
    a Report whose `table` has the runs and their seeds.

  Raises:
    InputError: a study without fine-tunings on that domain, and as
      `plan_injection.plan_injection`.
  """
  import pandas as pd

  others = dict(tolerance=tolerance, interval=interval)
  point = _asked(model_params, target_tokens, **others)
  tuned = [run for run in study.runs if run.domain is not None]
  names = list(dict.fromkeys(domain_name(run.domain) for run in tuned))
  if not tuned or (domain is not None and domain not in names):
    raise InputError(
      f"study {study.name}: found fine-tunings on {', '.join(names) or 'none'},"
      f" expected some on {domain or 'a domain'}"
    )
  domain = domain or names[0]
  tuned = [run for run in tuned if domain_name(run.domain) == domain]
  table = pd.DataFrame(
    dict(
      model_params=run.model.model_params,
      target_tokens=run.target_tokens,
      injection=run.injection,
      planned_tokens=run.steps * run.tokens_per_step,
    )
    for run in tuned
  )
  schedule = schedule_of(table, at_best=False)
  points = table[list(AXES.values())].drop_duplicates().to_numpy(float)
  candidates = [
    dict(zip(AXES, map(float, point), strict=True)) for point in points
  ]
  expected = dict(guess)
  forgetting = expected.pop("forgetting")
  result = plan_runs_of(
    candidates,
    target=point,
    tolerance=tolerance,
    factor=interval,
    schedule=schedule,
    law=expected_law(
      candidates, schedule, forgetting=forgetting, expected=expected
    ),
  )
  data = {"domain": tuned[0].domain, **result.as_dict()}
  return Report(str(result), data, result.runs)


def _asked(model_params, target_tokens, **others) -> dict[str, float]:
  """N and D of the fine-tuning that is asked about.

  Raises:
    InputError: a number that cannot be, one of the others among them.
  """
  check(model_params=model_params, target_tokens=target_tokens, **others)
  return {"N": float(model_params), "D": float(target_tokens)}


def _of_domain(source, law, domain, columns, method):
  """A table's rows by one method on one domain, and the line on the method."""
  frame, line = runs_of(tables.load(source, law, columns), method)
  frame = tables.select(tables.rename(frame, law, columns), law)
  if "domain" not in frame:
    if domain is not None:
      raise InputError(f"no domain {domain!r}: the table has no domains")
    return frame, line
  of_runs = frame["domain"].astype(str)
  domain = tables.domain_of(sorted(of_runs.unique()), domain)
  return frame[of_runs == domain], line
