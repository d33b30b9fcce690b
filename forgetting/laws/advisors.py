"""Which form of the forgetting law gives the advice, of those that may.

The one that missed least when it was tried at the distance that is asked for:
see `trials`. Small tables, to which no form can be fitted as it stands, get the
widest law that they identify, with the rest held at what studies agree on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forgetting.config import InputError
from forgetting.laws import lockstep
from forgetting.laws import table as tables
from forgetting.laws.criteria import aicc
from forgetting.laws.fit import fitting_table
from forgetting.laws.fitted import Fit
from forgetting.laws.law import Variant, advisable, find
from forgetting.laws.lockstep import Search
from forgetting.laws.trials import Trial, every_trial, side, sides, trying

# what is held where a table is too small, the widest law first: one amount of
# target text tells no power of it, two injections no shape. c is near a half
# wherever it was measured (.35 to .6).
SMALL = ({"beta": 0.0}, {"beta": 0.0, "c": 0.5})
SMALL_LAW = "tokens"
TIE = 1.25  # errors of a handful of runs that differ by less are a tie


@dataclass(frozen=True)
class Choice:
  """The form that answers a question, and why.

  Attributes:
    fit: the form.
    trial: how it did at the distance; without rows where none could be made.
    scores: every form's name -> its error there, nats per token; None where
      the form could not be tried.
  """

  fit: Fit
  trial: Trial
  scores: dict[str, float | None]


@dataclass(frozen=True)
class Advisors:
  """All forms that may advise, fitted to the same runs.

  Attributes:
    forms: those that could be fitted, in the order of `law.advisable()`.
    refused: a form's name -> why it could not be fitted.
  """

  forms: tuple[Fit, ...]
  refused: dict[str, str] = field(default_factory=dict)

  @property
  def published(self) -> Fit | None:
    """The paper's own form, where it could be fitted."""
    name, free = advisable()[0]
    return self.form(name, *free)

  def form(self, law: str, *free: str) -> Fit | None:
    """The form of that law with these parameters freed, where it was fitted."""
    for fitted in self.forms:
      same = fitted.law.name == law and not fitted.choices.fixed
      if same and fitted.choices.free == free:
        return fitted
    return None

  def choose(self, point=None) -> Choice:
    """Takes the form that missed least where it was tried at the distance.

    Of those that tie the one that missed least over all trials; where the data
    allow no trial at that distance, the one that missed least inside.

    Args:
      point: N and D of the question; None is inside the data.
    """
    return self.at(side(self.forms[0], point) if point else ())

  def everywhere(self) -> dict[tuple[tuple[str, int], ...], Choice]:
    """Which form answers inside the data and on every side of them."""
    return {where: self.at(where) for where in sides()}

  def at(self, beyond: tuple[tuple[str, int], ...]) -> Choice:
    """Takes the form that answers on a side of the data: see `choose`."""
    for where in (beyond, ()):
      made = lockstep.gather([trying(form, where) for form in self.forms])
      tried = dict(
        zip(map(name_of, self.forms), lockstep.run(made), strict=True)
      )
      least = min(t.error for t in tried.values())
      if np.isfinite(least):
        best = [f for f in self.forms if tried[name_of(f)].error <= least * TIE]
        break
    else:
      best = list(self.forms)
    chosen = min(best, key=lambda form: (_overall(form), aicc(form)))
    return Choice(
      chosen,
      tried[name_of(chosen)],
      {k: t.error if t.rows else None for k, t in tried.items()},
    )

  @property
  def best(self) -> Fit:
    """The form that answers questions inside the data."""
    return self.choose().fit


def _overall(form: Fit) -> float:
  """The mean error of a form over all trials that its data allow."""
  errors = [made.error for made in every_trial(form).values() if made.rows]
  return float(np.mean(errors)) if errors else np.inf


def fit_advisors(frame, **options) -> Advisors:
  """Fits every form that may advise to the runs of one domain.

  Args:
    frame: a data frame with our names, one row a run.
    options: as for `fit`: loss, delta, fixed, ...

  Raises:
    InputError: no form can be fitted; the line says what to add.
  """
  return lockstep.run(fitting_advisors(frame, **options))


def fitting_advisors(frame, **options) -> Search[Advisors]:
  """`fit_advisors`, as a search that others may go beside."""
  searches: list[Search[Fit]] = []
  refused: dict[str, str] = {}
  fixed = options.pop("fixed", None) or {}
  for law, free in _holders(fixed):
    try:
      search = fitting_table(frame, law, free=free, fixed=fixed, **options)
    except InputError as problem:
      refused[" with ".join([law, *free])] = str(problem)
    else:
      searches.append(search)
  if searches:
    forms = yield from lockstep.gather(searches)
    return Advisors(tuple(forms), refused)
  if not _has(SMALL_LAW, fixed):
    raise InputError(next(iter(refused.values())))
  for held in SMALL:
    try:
      search = fitting_table(
        frame, SMALL_LAW, fixed={**held, **fixed}, **options
      )
    except InputError as problem:
      refused[SMALL_LAW] = str(problem)
    else:
      small = yield from search
      return Advisors((small,), refused)
  raise InputError(_way_out(frame, refused))


def _holders(fixed) -> list[Variant]:
  """The forms that have all parameters that are held.

  Raises:
    InputError: there is none.
  """
  found = [(law, free) for law, free in advisable() if _has(law, fixed)]
  if not found:
    known = [p.name for law, _ in advisable() for p in find(law).parameters]
    raise InputError(
      f"fix {', '.join(fixed)}: found no form of the forgetting law that has"
      f" {'it' if len(fixed) == 1 else 'them together'}, expected some of"
      f" {', '.join(dict.fromkeys(known))}"
    )
  return found


def _has(law: str, names) -> bool:
  return {*names} <= {p.name for p in find(law).parameters}


def _way_out(frame, refused: dict[str, str]) -> str:
  if "injection" not in frame:
    return refused[SMALL_LAW]
  injections = frame["injection"].to_numpy(float)
  if tables.levels(injections) < 2:
    at = f"{100 * injections[0]:.3g} %"
    return (
      f"found runs with an injection of {at} only, expected two injections at"
      " least: add a run of the same size and text with "
      + ("5 %" if injections[0] == 0 else "0 %")
    )
  return refused[SMALL_LAW]


def name_of(fitted: Fit) -> str:
  """The name of a fit's form: its law, what was freed, and what is held."""
  option = " and ".join(fitted.choices.free)
  name = f"{fitted.law.name} with {option}" if option else fitted.law.name
  held = ", ".join(f"{k} = {v:g}" for k, v in fitted.choices.fixed.items())
  return f"{name} ({held})" if held else name
