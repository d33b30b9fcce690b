"""What an answer stands on: the laws that were fitted to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forgetting.config import InputError
from forgetting.laws import table as tables
from forgetting.laws.advisors import Advisors, Choice, fit_advisors, name_of
from forgetting.laws.cautions import disagreeing, standing_cautions
from forgetting.laws.fit import fit
from forgetting.laws.fits import Fits
from forgetting.laws.fitted import Fit
from forgetting.laws.law import LAWS, Law, find
from forgetting.laws.ratio import ratio_test
from forgetting.laws.trained import EPOCHS
from forgetting.laws.trials import side, trial

HUBER = "huber"  # what nobody has to ask for


@dataclass(frozen=True)
class Stands:
  """Forgetting laws, the target law and the domain of a question.

  Attributes:
    advisors: all forms that may answer; None where one was named.
    only: that one.
    target: the target law, or None.
    domain: by name, or None.
  """

  advisors: Advisors | None
  only: Fit | None
  target: Fit | None
  domain: str | None

  @classmethod
  def of(
    cls,
    source,
    *,
    domain: str | None = None,
    law: str | None = None,
    free: tuple[str, ...] = (),
    columns: Mapping[str, str] | None = None,
    epochs: float | None = None,
    **options,
  ) -> Stands:
    """Fits what a question needs: see `advise.advise` for the arguments.

    Raises:
      InputError: a domain that is not there, a law that tells no injection,
        or a table that no form can be fitted to.
    """
    if isinstance(source, (Fit, Fits)):
      only = source if isinstance(source, Fit) else _pick(source, domain)
      _check(only.law)
      _refuse_others(only, law, free=free, columns=columns, **options)
      return cls(None, _as_planned(only, epochs), None, domain)
    wanted = find(law or "forgetting")
    _check(wanted)
    frame = tables.rename(tables.load(source, wanted, columns), wanted, columns)
    frame = tables.select(frame, wanted)
    if "domain" in frame:
      names = sorted(frame["domain"].astype(str).unique())
      domain = tables.domain_of(names, domain)
      frame = frame[frame["domain"].astype(str) == domain]
    target = None
    if "target_loss" in frame:
      try:
        target = fit(frame, "target")
      except InputError:
        target = None  # the advice stands without an expected target loss
    if law is not None:
      only = fit(frame, law, free=free, **options)
      return cls(None, _as_planned(only, epochs), target, domain)
    advisors = fit_advisors(frame, **options)
    for form in advisors.forms:
      _as_planned(form, epochs)
    return cls(advisors, None, target, domain)

  def choose(self, point) -> Choice:
    """Takes the form that answers at a point: N and D."""
    if self.advisors is not None:
      return self.advisors.choose(point)
    assert self.only is not None, "one of them is there"
    tried = trial(self.only, side(self.only, point))
    error = tried.error if tried.rows else None
    return Choice(self.only, tried, {name_of(self.only): error})

  def passes(self, target_tokens: float) -> float:
    """Passes over the target tokens, as the table's runs made them."""
    forms = self.advisors.forms if self.advisors else (self.only,)
    for form in forms:
      if form and form.schedule is not None:
        return float(form.schedule.epochs(target_tokens))
    return EPOCHS

  def cautions(self, choice: Choice, point, tolerance, interval):
    """Tells what weakens an answer, a line each."""
    if self.advisors is not None:
      yield from disagreeing(self.advisors, choice, point, tolerance, interval)
    test = None
    fitted = choice.fit
    free = fitted.data is not None and not fitted.choices.fixed
    if fitted.law.name == "forgetting" and free:
      if "ratio" not in fitted.memory:
        fitted.memory["ratio"] = ratio_test(fitted)
      test = fitted.memory["ratio"]
    yield from standing_cautions(fitted, test)


def _check(law: Law) -> None:
  if not law.answers:
    able = [name for name, known in LAWS.items() if known.answers]
    raise InputError(
      f"law {law.name}: found one that tells no injection from the size of the"
      f" model and of its target text, expected one of {', '.join(able)}"
    )


def _refuse_others(fitted: Fit, law: str | None, **given) -> None:
  """Refuses what would have changed a fit before it was made."""
  if law not in (None, fitted.law.name):
    raise InputError(
      f"law {law}: found a fit of {fitted.law.name}, expected one of {law}, or"
      " a study or table to fit it to"
    )
  for name, value in given.items():
    if value and value != HUBER:
      raise InputError(
        f"{name}: found it beside a fit, expected it with a study or table that"
        " is to be fitted; leave it out"
      )


def _as_planned(fitted: Fit, epochs: float | None) -> Fit:
  """A fit whose plans last so many passes over the target tokens."""
  if epochs is not None and fitted.schedule is not None:
    fitted.memory["schedule"] = fitted.schedule.with_epochs(epochs)
  return fitted


def _pick(fits: Fits, domain) -> Fit:
  return fits[tables.domain_of(list(fits), domain)]
