"""Criteria by which laws that predict the same loss are told apart."""

import numpy as np

from forgetting.laws.fitted import Fit
from forgetting.laws.problem import predict

CLEAR = 2.0  # a difference of AICc that decides


def residuals(fitted: Fit) -> np.ndarray:
  """ln L_pred - ln L [rows] of the rows the fit was made from."""
  problem = fitted.own_problem
  return predict(problem, fitted.x[None])[0] - problem.log_loss


def aicc(fitted: Fit) -> float:
  """Akaike's criterion, corrected for few rows, with a Laplace scale.

  Args:
    fitted: a fit that still has its data.

  Returns:
    2 n ln(mean |residual|) + 2 k + 2 k (k + 1) / (n - k - 1), with k the
    fitted parameters and the scale; infinite where n - k - 1 is not positive.
  """
  n, k = fitted.n, int(fitted.own_problem.free.sum()) + 1
  if n - k - 1 <= 0:
    return np.inf
  small = 2 * k * (k + 1) / (n - k - 1)
  return _deviance(fitted) + 2 * k + small


def bic(fitted: Fit) -> float:
  """Schwarz's criterion with a Laplace scale: see `aicc`, with k ln n."""
  k = int(fitted.own_problem.free.sum()) + 1
  return _deviance(fitted) + k * float(np.log(fitted.n))


def _deviance(fitted: Fit) -> float:
  spread = np.mean(np.abs(residuals(fitted)))
  return float(2 * fitted.n * np.log(max(spread, 1e-300)))
