"""Losses to laws to decisions: fits scaling laws and says how firm they are."""

from forgetting.laws.advise import Advice, advise
from forgetting.laws.budget import at_budget
from forgetting.laws.candidates import Cost, grid
from forgetting.laws.compare import Comparison, compare, compare_pooling
from forgetting.laws.curve import Curve
from forgetting.laws.fit import fit
from forgetting.laws.fits import Fits
from forgetting.laws.fitted import Fit
from forgetting.laws.forms import LAWS, Law, Parameter, Variable, register
from forgetting.laws.invert import (
  Answer,
  halving_injection,
  model_params_needed,
  target_tokens_allowed,
)
from forgetting.laws.plan import Plan, plan, plan_new
from forgetting.laws.profiles import profile
from forgetting.laws.ratio import RatioTest, ratio_test
from forgetting.laws.tolerance import convert
from forgetting.laws.uncertainty import bootstrap

__all__ = [
  "LAWS",
  "Advice",
  "Answer",
  "Comparison",
  "Cost",
  "Curve",
  "Fit",
  "Fits",
  "Law",
  "Parameter",
  "Plan",
  "RatioTest",
  "Variable",
  "advise",
  "at_budget",
  "bootstrap",
  "compare",
  "compare_pooling",
  "convert",
  "fit",
  "grid",
  "halving_injection",
  "model_params_needed",
  "plan",
  "plan_new",
  "profile",
  "ratio_test",
  "register",
  "target_tokens_allowed",
]
