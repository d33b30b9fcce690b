"""The laws by name, from the files `forms_*.py`. A new law is a new entry.

A term sees the centred variables as `v.N` and their logarithms as `v.lnN`,
and the parameters as `q.alpha`; it is plain numpy code. Sources are named by
arXiv number; `forgetting` and `target` are the laws of 2502.06042.
"""

from forgetting.laws import (
  forms_bottom,
  forms_finetuning,
  forms_forgetting,
  forms_mixtures,
  forms_pretraining,
  forms_recipes,
  forms_tokens,
)
from forgetting.laws.law import LAWS, Law, Parameter, Variable, find, register

FILES = (
  forms_forgetting,
  forms_tokens,
  forms_bottom,
  forms_recipes,
  forms_finetuning,
  forms_pretraining,
  forms_mixtures,
)

__all__ = ["FILES", "LAWS", "Law", "Parameter", "Variable", "find", "register"]
