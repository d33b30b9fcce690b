"""What weakens an answer: forms that disagree, and doubts about a fit."""

from __future__ import annotations

from collections.abc import Iterator

from forgetting.laws.advice import percent
from forgetting.laws.advisors import Advisors, Choice, name_of
from forgetting.laws.fitted import Fit
from forgetting.laws.invert import injection_needed
from forgetting.laws.ratio import RatioTest
from forgetting.laws.uncertainty import poor


def disagreeing(
  advisors: Advisors, choice: Choice, point, tolerance: float, interval
) -> Iterator[str]:
  """Says which other forms lie outside the interval of the answer.

  Args:
    advisors: all forms.
    choice: the one that answers.
    point: N and D of the question.
    tolerance: nats per token.
    interval: low and high of the injection.
  """
  low, high = interval
  for form in advisors.forms:
    needed = injection_needed(form, form.x[None], point, tolerance)[0]
    if form is choice.fit or low <= needed <= high:
      continue
    error = choice.scores[name_of(form)]
    missed = "" if error is None else f" (missed {error:.3g} nats)"
    yield f"{name_of(form)} says {percent(needed)}{missed}"


def standing_cautions(fitted: Fit, test: RatioTest | None) -> Iterator[str]:
  """Tells what weakens every advice of a fit, a caution each.

  Args:
    fitted: the fit that gives the advice.
    test: of F(p)/F(0), where the fit's law makes a claim about it.
  """
  if fitted.choices.fixed:
    held = ", ".join(f"{k} = {v:g}" for k, v in fitted.choices.fixed.items())
    yield f"held, not measured: {held}"
  if fitted.unidentified:
    names = ", ".join(fitted.unidentified)
    yield f"the data do not identify {names}"
  fell = _fell(fitted)
  if fell:
    yield (
      f"without injection the pretraining loss fell, by {fell:.2g} nats or"
      " more: this text is not what the model was at its best on, and the loss"
      " on it cannot tell what was forgotten; the column kl_pretrain can, and"
      " text that the model writes (pretraining self)"
    )
  if few := poor(fitted):
    yield few
  if not fitted.certificate.holds:
    yield "the fit has no certificate: see `forgetting fit`"
  if test is not None and not test.consistent:
    yield (
      "F(p)/F(0) varies with N or D in the data, which this law excludes: "
      "trust the advice near measured cells only"
    )


def _fell(fitted: Fit) -> float:
  """By how much the loss fell in every run without injection; 0: it did not."""
  if fitted.data is None or not {"p", "L0"} <= {*fitted.data.values}:
    return 0.0
  values = fitted.data.values
  change = (fitted.data.loss - values["L0"])[values["p"] == 0]
  return max(0.0, -float(change.max())) if len(change) else 0.0
