"""Which form of the forgetting law gives the advice, of those that may."""

from __future__ import annotations

from dataclasses import dataclass, field

from forgetting.config import InputError
from forgetting.laws.criteria import CLEAR, aicc
from forgetting.laws.fit import fit
from forgetting.laws.fitted import Fit
from forgetting.laws.law import advisable


@dataclass(frozen=True)
class Advisors:
  """All forms that may advise, fitted to the same runs.

  Attributes:
    published: the first of `law.advisable()`: the paper's own form.
    others: the other forms that could be fitted, in the order of the registry.
    refused: a form's name -> why it could not be fitted.
  """

  published: Fit
  others: tuple[Fit, ...] = ()
  refused: dict[str, str] = field(default_factory=dict)

  @property
  def best(self) -> Fit:
    """The form with the lowest AICc; the published one unless it loses by 2."""
    best = min((self.published, *self.others), key=aicc)
    clear = aicc(best) < aicc(self.published) - CLEAR
    return best if clear else self.published

  def with_free(self, *free: str) -> Fit | None:
    """The published law with these parameters freed, where it was fitted."""
    for form in self.others:
      same = form.law.name == self.published.law.name
      if same and form.choices.free == free:
        return form
    return None


def fit_advisors(frame) -> Advisors:
  """Fits every form that may advise to the runs of one domain.

  Args:
    frame: a data frame with our names, one row a run.

  Raises:
    InputError: the published form cannot be fitted.
  """
  (law, free), *rest = advisable()
  published = fit(frame, law, free=free)
  others: list[Fit] = []
  refused: dict[str, str] = {}
  for law, free in rest:
    try:
      others.append(fit(frame, law, free=free))
    except InputError as problem:
      refused[" with ".join([law, *free])] = str(problem)
  return Advisors(published, tuple(others), refused)


def name_of(fitted: Fit) -> str:
  """The name of a fit's form: its law, and what was freed."""
  option = " and ".join(fitted.choices.free)
  return f"{fitted.law.name} with {option}" if option else fitted.law.name
