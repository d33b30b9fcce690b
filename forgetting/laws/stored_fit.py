"""A fit as JSON keeps it: what goes out, and what comes back."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from forgetting.config import InputError
from forgetting.laws import identify
from forgetting.laws.bands import Misses
from forgetting.laws.certificate import Certificate
from forgetting.laws.choices import Choices
from forgetting.laws.law import find
from forgetting.laws.schedule import Schedule
from forgetting.laws.trials import Trial, every_trial


def as_dict(fit, level: float) -> dict:
  """Writes down a fit with natural units, intervals, certificate and draws.

  Args:
    fit: a `fitted.Fit`.
    level: of the intervals.
  """
  draws = fit.draws()
  return {
    "law": fit.law.name,
    "params": fit.params,
    "intervals": {k: list(v) for k, v in fit.interval(level).items()},
    "level": level,
    "objective": fit.objective,
    "n": fit.n,
    "mean_relative_error": fit.mean_relative_error,
    "certificate": {
      **asdict(fit.certificate),
      "holds": fit.certificate.holds,
      "not_identified": fit.unidentified,
      "form": identify.form(fit),
    },
    "choices": asdict(fit.choices),
    "scales": fit.scales,
    "domains": list(fit.groups),
    "ranges": fit.ranges,
    "bases": [list(pair) for pair in fit.bases],
    "hull": fit.hull.tolist(),
    "misses": asdict(fit.misses),
    "schedule": fit.schedule and fit.schedule.as_dict(),
    "trials": [
      {"beyond": [list(pair) for pair in where], **made.as_dict()}
      for where, made in every_trial(fit).items()
    ],
    "point": [float(v) for v in fit.x],
    "draws": [[float(f"{v:.9g}") for v in row] for row in draws],
  }


def fields(stored: dict) -> dict:
  """Reads what `as_dict` wrote.

  Args:
    stored: the dict, as it comes out of JSON.

  Returns:
    the fields of a `fitted.Fit` without its data, by name.

  Raises:
    InputError: something is missing, or it is no fit at all.
  """
  try:
    choices = dict(stored["choices"])
    for name in ("free", "cluster"):
      choices[name] = tuple(choices[name])
    if choices["shared"] is not None:
      choices["shared"] = tuple(choices["shared"])
    evidence = dict(stored["certificate"])
    evidence.pop("holds")
    missing = evidence.pop("not_identified")
    evidence.pop("form", None)  # it is told anew, from trials and misses
    trials = {}
    for kept in map(dict, stored["trials"]):
      where = tuple((symbol, sign) for symbol, sign in kept.pop("beyond"))
      trials["trial", where] = Trial.from_dict(kept)
    evidence["at_bounds"] = tuple(evidence["at_bounds"])
    evidence["broken"] = tuple(evidence["broken"])
    x, schedule = np.array(stored["point"]), stored["schedule"]
    return dict(
      law=find(stored["law"]),
      choices=Choices(**choices),
      scales=stored["scales"],
      groups=tuple(stored["domains"]),
      x=x,
      objective=stored["objective"],
      n=stored["n"],
      certificate=Certificate(**evidence),
      basins=x[None],
      memory={
        **trials,
        "draws": np.array(stored["draws"]),
        "unidentified": missing,
        "mean_relative_error": stored["mean_relative_error"],
        "ranges": stored["ranges"],
        "bases": [tuple(pair) for pair in stored["bases"]],
        "hull": np.array(stored["hull"]),
        "misses": Misses(**stored["misses"]),
        "schedule": schedule and Schedule.from_dict(schedule),
      },
    )
  except (KeyError, TypeError) as problem:
    raise InputError(f"not the JSON of a fit: {problem} is amiss") from None
