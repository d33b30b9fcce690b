"""Exact first and second derivatives of numpy code, carried along with it.

A jet is a value with its gradient and its Hessian. Both are sparse
dictionaries, because a term of a law depends on two or three of its
parameters: what is not there costs nothing. A law is therefore plain numpy
code (`np.exp(-alpha * n)`), and nobody writes derivatives by hand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


class Jet(np.lib.mixins.NDArrayOperatorsMixin):
  """A value of shape [lanes, rows] (or broadcastable) and its derivatives.

  Attributes:
    value: the array.
    grad: parameter index -> first derivative.
    hess: (i, j) with i <= j -> second derivative.
  """

  __slots__ = ("grad", "hess", "value")

  def __init__(self, value, grad=None, hess=None):
    """Takes the value and its derivatives; without them it is a constant."""
    self.value = value
    self.grad = grad or {}
    self.hess = hess or {}

  def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
    rule = RULES.get(ufunc.__name__)
    if method != "__call__" or kwargs or rule is None:
      return NotImplemented
    return rule(*inputs)


def lift(value) -> Jet:
  """Makes a jet of a constant; a jet stays what it is."""
  return value if isinstance(value, Jet) else Jet(np.asarray(value, float))


def _chain(jet: Jet, value, first, second) -> Jet:
  """A function of one jet, given its value and two derivatives there."""
  grad = {i: first * g for i, g in jet.grad.items()}
  hess = {ij: first * h for ij, h in jet.hess.items()}
  if second is not None:
    keys = sorted(jet.grad)
    for a, i in enumerate(keys):
      for j in keys[a:]:
        _add(hess, (i, j), second * jet.grad[i] * jet.grad[j])
  return Jet(value, grad, hess)


def _add(terms: dict, key, value):
  terms[key] = terms[key] + value if key in terms else value


def _merge(a: dict, b: dict) -> dict:
  out = dict(a)
  for key, value in b.items():
    _add(out, key, value)
  return out


def _plus(a, b) -> Jet:
  a, b = lift(a), lift(b)
  return Jet(a.value + b.value, _merge(a.grad, b.grad), _merge(a.hess, b.hess))


def _negative(a) -> Jet:
  return _chain(a, -a.value, -1.0, None)


def _minus(a, b) -> Jet:
  return _plus(a, _negative(lift(b)))


def _times(a, b) -> Jet:
  if not isinstance(a, Jet):
    return _chain(b, a * b.value, a, None)
  if not isinstance(b, Jet):
    return _chain(a, a.value * b, b, None)
  grad = {i: g * b.value for i, g in a.grad.items()}
  hess = {ij: h * b.value for ij, h in a.hess.items()}
  for i, g in b.grad.items():
    _add(grad, i, a.value * g)
  for ij, h in b.hess.items():
    _add(hess, ij, a.value * h)
  for i, g in a.grad.items():
    for j, k in b.grad.items():
      twice = 2.0 if i == j else 1.0
      _add(hess, (min(i, j), max(i, j)), twice * g * k)
  return Jet(a.value * b.value, grad, hess)


def _over(a, b) -> Jet:
  if not isinstance(b, Jet):
    return _times(a, 1.0 / b)
  inverse = 1.0 / b.value
  return _times(a, _chain(b, inverse, -(inverse**2), 2 * inverse**3))


def _exp(a) -> Jet:
  value = np.exp(a.value)
  return _chain(a, value, value, value)


def _expm1(a) -> Jet:
  value = np.exp(a.value)
  return _chain(a, np.expm1(a.value), value, value)


def _log(a) -> Jet:
  inverse = 1.0 / a.value
  return _chain(a, np.log(a.value), inverse, -(inverse**2))


def _log1p(a) -> Jet:
  inverse = 1.0 / (1.0 + a.value)
  return _chain(a, np.log1p(a.value), inverse, -(inverse**2))


def _power(a, b) -> Jet:
  if isinstance(b, Jet):
    return _exp(_times(b, _log(a) if isinstance(a, Jet) else np.log(a)))
  first = b * a.value ** (b - 1)
  return _chain(a, a.value**b, first, b * (b - 1) * a.value ** (b - 2))


def _choose(mask, a, b) -> Jet:
  return _plus(_times_any(a, mask), _times_any(b, ~mask))


def _times_any(a, mask) -> Jet:
  return _times(lift(a), mask.astype(float))


def _minimum(a, b) -> Jet:
  return _choose(lift(a).value <= lift(b).value, a, b)


def _maximum(a, b) -> Jet:
  return _choose(lift(a).value >= lift(b).value, a, b)


RULES: dict[str, Callable[..., Jet]] = {
  "add": _plus,
  "subtract": _minus,
  "negative": _negative,
  "multiply": _times,
  "divide": _over,
  "true_divide": _over,
  "power": _power,
  "exp": _exp,
  "expm1": _expm1,
  "log": _log,
  "log1p": _log1p,
  "minimum": _minimum,
  "maximum": _maximum,
}
