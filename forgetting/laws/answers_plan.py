"""What the command answers to plan, for a study or one to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forgetting import records
from forgetting.config import InputError, amounts
from forgetting.laws import table as tables
from forgetting.laws.answers import Report, with_line
from forgetting.laws.arguments import pairs
from forgetting.laws.candidates import Cost, grid
from forgetting.laws.fit import fit as fit_table
from forgetting.laws.law import find
from forgetting.laws.plan import plan as plan_runs
from forgetting.laws.plan import plan_new as plan_from_guess

# What a study to come is planned from: forgetting (nats) of the smallest model
# at the most target tokens without injection, and the law's other parameters.
GUESS = {"forgetting": 0.5, "B": 1000.0, "alpha": 0.5, "beta": 0.4}


def parse_guess(text: str) -> dict[str, float]:
  """Reads `B=1000,alpha=.5`: numbers by name, over those of GUESS.

  Raises:
    InputError: a name that GUESS does not have, or no positive number.
  """
  how = f"NAME=NUMBER of {', '.join(GUESS)}, as in B=1000"
  out = dict(GUESS)
  for name, value in pairs(text, "guess", how).items():
    number = amounts.number(value)
    if name not in GUESS or number is None or number <= 0:
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
    InputError: no such domain, a budget that cannot be, or no fit.
  """
  law = find("forgetting")
  frame, line = records.by_method(tables.load(source, law, columns), method)
  frame = tables.rename(frame, law, columns)
  if domain is not None:
    if "domain" not in frame or domain not in set(frame["domain"]):
      raise InputError(f"no domain {domain!r} in the table")
    frame = frame[frame["domain"] == domain]
  fitted = fit_table(frame, law)
  wanted = None
  if candidates is not None:
    axes = ("model_params", "target_tokens", "injection")
    wanted = grid(*(candidates[name] for name in axes))
  result = plan_runs(
    fitted,
    budget=budget,
    targets=grid([model_params], [target_tokens], [injection]),
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
    InputError: a study without fine-tunings, or a budget or candidates that
      do not allow the least design that identifies a law.
  """
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
    targets=grid([model_params], [target_tokens], [injection]),
    candidates=grid(*levels),
    cost=Cost(epochs=epochs),
  )
  return Report(str(result), result.as_dict(), result.runs)
