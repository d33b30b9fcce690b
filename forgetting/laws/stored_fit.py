"""A fit as JSON keeps it: what goes out, and what comes back."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from forgetting.config import InputError
from forgetting.laws.certificate import Certificate
from forgetting.laws.choices import Choices
from forgetting.laws.law import find


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
    },
    "choices": asdict(fit.choices),
    "scales": fit.scales,
    "domains": list(fit.groups),
    "ranges": fit.ranges,
    "bases": [list(pair) for pair in fit.bases],
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
    evidence["at_bounds"] = tuple(evidence["at_bounds"])
    evidence["broken"] = tuple(evidence["broken"])
    x = np.array(stored["point"])
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
        "draws": np.array(stored["draws"]),
        "unidentified": missing,
        "mean_relative_error": stored["mean_relative_error"],
        "ranges": stored["ranges"],
        "bases": [tuple(pair) for pair in stored["bases"]],
      },
    )
  except (KeyError, TypeError) as problem:
    raise InputError(f"not the JSON of a fit: {problem} is amiss") from None
