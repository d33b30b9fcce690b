"""Advice with every number given."""

from forgetting import laws


def advice_of(**values):
  known = dict(
    domain="kjv",
    model_params=1e6,
    target_tokens=1e5,
    tolerance=0.1,
    level=0.95,
    injection=0.05,
    low=0.04,
    high=0.06,
    feasible=1.0,
    without=0.3,
    without_low=0.2,
    without_high=0.4,
    reached=0.1,
    target_loss=None,
    beyond={},
    cautions=(),
  )
  return laws.Advice(**known | values)
