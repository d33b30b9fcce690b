"""Laws as JavaScript, so that the page computes what Python does.

A law's terms are plain numpy code. Applied to expressions instead of arrays
they write themselves down: no law is written twice, and one that is new to the
registry is in the page at once.
"""

from __future__ import annotations

from collections.abc import Iterable
import json
import re
from types import SimpleNamespace

import numpy as np

from forgetting.config import InputError
from forgetting.laws.law import Law

# numpy's name -> JavaScript of its arguments
RULES = {
  "add": "({} + {})",
  "subtract": "({} - {})",
  "multiply": "({} * {})",
  "divide": "({} / {})",
  "negative": "(-{})",
  "power": "Math.pow({}, {})",
  "exp": "Math.exp({})",
  "expm1": "Math.expm1({})",
  "log": "Math.log({})",
  "log1p": "Math.log1p({})",
  "minimum": "Math.min({}, {})",
  "maximum": "Math.max({}, {})",
}


class Expression(np.lib.mixins.NDArrayOperatorsMixin):
  """A number that is not known yet, as JavaScript; numpy code extends it.

  Attributes:
    text: the expression.
  """

  __slots__ = ("text",)

  def __init__(self, text: str):
    """Takes the expression's JavaScript."""
    self.text = text

  def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
    rule = RULES.get(ufunc.__name__)
    if method != "__call__" or kwargs or rule is None:
      raise InputError(f"numpy's {ufunc.__name__} has no JavaScript here")
    return Expression(rule.format(*map(_text, inputs)))


def forms(laws: Iterable[Law]) -> str:
  """Writes laws as the constant FORMS of the page's script.

  Args:
    laws: those that the page computes with; each is written once.

  Returns:
    JavaScript: name -> function of (q: parameters as the fit has them, at:
    symbol -> value in natural units, s: symbol -> unit inside the fit, base:
    the offset over the unit of the loss) that gives the loss over its unit.
    A size that `at` lacks is at its unit, a fraction is 0: as in a fit.

  Raises:
    InputError: a law whose terms have no JavaScript.
  """
  parts = {law.name: f"  {json.dumps(law.name)}: {form(law)}," for law in laws}
  return "\n".join(["const FORMS = {", *parts.values(), "};\n"])


def form(law: Law) -> str:
  """Writes one law as a JavaScript function: see `forms`.

  Raises:
    InputError: its terms have no JavaScript.
  """
  known = _variables(law)
  v = SimpleNamespace(**{name: Expression(f"${name}") for name in known})
  q = SimpleNamespace(
    **{p.name: Expression(f"q.{p.name}") for p in law.parameters}
  )
  try:
    terms = law.terms(v, q)
  except InputError as problem:
    raise InputError(f"law {law.name}: {problem}") from None
  total = Expression("base")
  for amplitude in law.amplitudes:
    term = getattr(q, amplitude.name) * terms[amplitude.name]
    total = total + term
  if law.outer:
    total = total ** getattr(q, law.outer)
  used = [
    f"${name} = {value}"
    for name, value in known.items()
    if re.search(rf"\${name}\b", total.text)
  ]
  read = f"const {', '.join(used)}; " if used else ""
  return f"(q, at, s, base) => {{ {read}return {total.text}; }}"


def _variables(law: Law) -> dict[str, str]:
  """Name that terms use -> JavaScript of its centred value."""
  known = {}
  for symbol, variable in law.variables.items():
    if variable.kind == "size":
      size = f"(at.{symbol} ?? s.{symbol}) / s.{symbol}"
      known |= {symbol: size, f"ln{symbol}": f"Math.log({size})"}
    elif variable.kind == "loss":
      known[symbol] = f"at.{symbol} / s.L"
    else:
      known[symbol] = f"at.{symbol} ?? 0"
  return known


def _text(value) -> str:
  if isinstance(value, Expression):
    return value.text
  return repr(float(value))
